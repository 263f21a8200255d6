// Private to setup: what is behind a path that a catalog registers.
#pragma once

#include <cstdint>

#include "../system/chains.hpp"

namespace lsp::setup {

using namespace system;

struct DllFacts {
    std::wstring path;  // as registered
    bool exists = false;
    std::uint16_t machine = 0;   // IMAGE_FILE_MACHINE_…; 0: it is no DLL
    bool is_provider = false;    // it exports WSPStartup
    std::string replaceable_by;  // who other than administrators could replace it; empty if nobody
    bool unreadable = false;     // it exists, and nothing else is known: it is in use, or this account may not read it
};

// The file that programs of that architecture find: for 32-bit ones system32 and Program Files are other folders. A
// name without a folder is looked for in Windows' own and then in PATH, not in the current one.
std::wstring file_of(const std::wstring& path, Architecture architecture);

DllFacts look_at_dll(const std::wstring& path, Architecture architecture);
// Adds what is not known yet of the paths that these entries have.
void look_at_dlls(const Catalog& catalog, Architecture architecture, std::vector<DllFacts>& dlls);

// Whether programs that use this catalog can load it.
bool fits(std::uint16_t machine, Architecture architecture) noexcept;
// Why they cannot, as the end of a sentence; empty if they can, or if nobody can tell.
std::string load_fault(const DllFacts& dll, Architecture architecture);

}  // namespace lsp::setup
