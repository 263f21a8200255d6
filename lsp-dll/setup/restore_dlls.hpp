// Private to setup: a backup may be older than the DLLs that it names. What no program could load, and what ordinary
// users could replace, is not registered again: it would take the network off every program. As values.
#pragma once

#include "catalog_tools.hpp"
#include "dll_facts.hpp"

namespace lsp::setup {

struct LeftOut {
    std::vector<GUID> providers;     // of the backup: they stay as the current catalog has them, if it does
    std::vector<GUID> broken;        // of the current catalog: no program can load them
    std::vector<std::string> notes;  // a sentence each
};

// Takes out of the backup what it is not to bring back, and what stands on that; base providers are Windows' own, and
// not judged. Entries of ours whose DLL is gone get that which the current catalog registers for us, if it is good.
// `dlls`: of the paths in both. `exact`: as RestoreOptions has it.
LeftOut leave_out_unloadable(BackedUpCatalog& backup, const Catalog& current, const std::vector<DllFacts>& dlls,
                             bool exact);

}  // namespace lsp::setup
