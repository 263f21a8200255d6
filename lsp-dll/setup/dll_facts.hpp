// Private to setup: what is behind a path that a catalog registers.
#pragma once

#include <cstdint>
#include <optional>

#include "../system/chains.hpp"
#include "../system/handle.hpp"

namespace lsp::setup {

using namespace system;

struct DllFacts {
    std::wstring path;  // as registered
    bool exists = false;
    std::uint16_t machine = 0;   // IMAGE_FILE_MACHINE_…; 0: it is no DLL
    bool is_provider = false;    // it exports WSPStartup
    std::string replaceable_by;  // who other than administrators could replace it; empty if nobody
    // It exists, and nothing else is known: it is in use, or this account may not read it, or it is elsewhere, which is
    // not opened.
    bool unreadable = false;
    bool in_system_folder = false;  // Windows' own folder of DLLs, by what the path leads to
    bool elsewhere = false;         // the path leads to another machine, or others could have it lead there
    // What of a policy it understands: policy_grammar in core/policy.hpp. Nothing: its file does not say.
    std::optional<std::uint32_t> policy_grammar = std::nullopt;
};

// The file that programs of that architecture find: for 32-bit ones system32 and Program Files are other folders. A
// name without a folder is looked for in Windows' own and then in PATH, not in the current one.
std::wstring file_of(const std::wstring& path, Architecture architecture);

// Opens nothing on another machine, and follows no link. `held`: gets what keeps the file from being replaced.
DllFacts look_at_dll(const std::wstring& path, Architecture architecture, std::vector<Handle>* held = nullptr);
// Adds what is not known yet of the path.
void add_dll(const std::wstring& path, Architecture architecture, std::vector<DllFacts>& dlls,
             std::vector<Handle>* held = nullptr);
// The same for the paths that these entries have.
void look_at_dlls(const Catalog& catalog, Architecture architecture, std::vector<DllFacts>& dlls,
                  std::vector<Handle>* held = nullptr);
const DllFacts* find_dll(const std::vector<DllFacts>& dlls, const std::wstring& path);

// Whether programs that use this catalog can load it.
bool fits(std::uint16_t machine, Architecture architecture) noexcept;
// Why they cannot, as the end of a sentence; empty if they can, or if nobody can tell.
std::string load_fault(const DllFacts& dll, Architecture architecture);

}  // namespace lsp::setup
