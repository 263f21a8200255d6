// Private to system: the WSC functions of either catalog.
#pragma once

#include "catalog.hpp"

namespace lsp::system {

// Each gives a Winsock error, 0 on success; ERROR_NOT_SUPPORTED where this process has no way to that catalog.
int enumerate_infos(Architecture architecture, std::vector<WSAPROTOCOL_INFOW>& infos);
int provider_path(Architecture architecture, const GUID& provider, std::wstring& path);
int deinstall(Architecture architecture, const GUID& provider);
int write_order(Architecture architecture, std::vector<DWORD> ids);

// The native catalog only: there is no such call for the 32-bit one.
int install(const GUID& provider, const std::wstring& path, std::vector<WSAPROTOCOL_INFOW> infos);
// Both catalogs in one call (Vista and later, 64-bit).
bool has_install_with_chains() noexcept;
int install_with_chains(const GUID& provider, const InstallOptions& options, DWORD service_flags,
                        std::vector<WSAPROTOCOL_INFOW> protocols);

// True if this process can read and change that catalog.
bool has_catalog(Architecture architecture) noexcept;

// The name of the function as messages give it: "WSCDeinstallProvider", with "32" for the 32-bit catalog of a 64-bit
// process.
std::string function_name(const char* native_name, Architecture architecture);

}  // namespace lsp::system
