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

// Takes out of the backup what it is not to bring back, and what stands on that. Not judged is what lies in Windows'
// own folder of DLLs, and what the current catalog has with the same provider id and path. Entries of ours whose DLL is
// gone get that which the current catalog registers for us, if it is good. `dlls`: of the paths in both. `exact`: as
// RestoreOptions has it.
LeftOut leave_out_unloadable(BackedUpCatalog& backup, const Catalog& current, const std::vector<DllFacts>& dlls,
                             bool exact);

// ERR_UNTRUSTED_PATH, with the place in the file ("$.catalogs[1].entries[3].path"), if the backup wants a base provider
// or a namespace provider whose DLL others than administrators can replace, or any provider on another machine: no
// backup of a sound machine does. The same two are not judged. `index`: the catalog's in the file. `dlls`: of the paths
// of the backup's entries; `namespace_dlls`: of those of its namespace providers.
Outcome check_trust(const BackedUpCatalog& backup, std::size_t index, const Catalog& current,
                    const std::vector<NamespaceProvider>& current_namespaces, const std::vector<DllFacts>& dlls,
                    const std::vector<DllFacts>& namespace_dlls);

}  // namespace lsp::setup
