// Private to system and setup: the WSC functions of either catalog. Those that change it are
// setup/catalog_changes.hpp's.
#pragma once

#include "catalog.hpp"
#include "system_function.hpp"

namespace lsp::system {

// Each gives a Winsock error, 0 on success; ERROR_NOT_SUPPORTED where this process has no way to that catalog.
int enumerate_infos(Architecture architecture, std::vector<WSAPROTOCOL_INFOW>& infos);
int provider_path(Architecture architecture, const GUID& provider, std::wstring& path);

// True if this process can read and change that catalog.
bool has_catalog(Architecture architecture) noexcept;

// The name of the function as messages give it: "WSCDeinstallProvider", with "32" for the 32-bit catalog of a 64-bit
// process.
std::string function_name(const char* native_name, Architecture architecture);

// The function for that catalog, null if this process has none. A 32-bit process has the native ones only, under whose
// names its own catalog is; a 64-bit one has a second set, whose names end in 32.
template <typename Signature>
Signature* function_for(Architecture architecture, Signature* native, SystemFunction<Signature>& of_ia32) noexcept {
    if (architecture == native_architecture) return native;
    return architecture == Architecture::ia32 ? of_ia32.get() : nullptr;
}

// The error of a failed call; some of these functions fail without a number.
int failure(int error) noexcept;

}  // namespace lsp::system
