// Private to setup: the WSC functions that change a catalog.
#pragma once

#include <string_view>

#include "setup.hpp"

namespace lsp::setup {

// Each gives a Winsock error, 0 on success; ERROR_NOT_SUPPORTED where this process has no way to that catalog;
// cancelled_error, with nothing done, once the change is called off (cancel.hpp). While another installer is at work
// they try again for a second.
int deinstall(Architecture architecture, const GUID& provider);
int write_order(Architecture architecture, std::vector<DWORD> ids);

// The native catalog only: there is no such call for the 32-bit one.
int install(const GUID& provider, const std::wstring& path, std::vector<WSAPROTOCOL_INFOW> infos);
// The same entries with the same path in both catalogs; in neither may the provider be installed. There is no call that
// writes the 32-bit catalog alone.
int install_in_both(const GUID& provider, const std::wstring& path, std::vector<WSAPROTOCOL_INFOW> infos);
// Path and description of the entries with these ids, which they keep (Vista and later).
int update(Architecture architecture, const GUID& provider, const std::wstring& path,
           std::vector<WSAPROTOCOL_INFOW> infos);
// Both catalogs in one call (Vista and later, 64-bit).
bool has_install_with_chains() noexcept;
int install_with_chains(const GUID& provider, const InstallOptions& options, DWORD service_flags,
                        std::vector<WSAPROTOCOL_INFOW> protocols);

// The error of such a call by its number, with a remedy; ERR_CATALOG_BUSY where another installer is at work still.
Error call_error(int error, std::string_view function, std::string_view attempt, std::string_view remedy);
// Of the native catalog's function or the other's. `native_name` is the function's, as for function_name.
Error wsc_error(int error, const char* native_name, Architecture architecture, std::string_view attempt);

}  // namespace lsp::setup
