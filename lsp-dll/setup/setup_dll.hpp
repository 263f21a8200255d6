// winsock-lsp-setup.dll, which lies beside the provider's DLL and installs and removes it for the OpenVPN plugin. It is
// a DLL of its own because the provider's is loaded into every program that uses sockets, and none of those installs
// anything.
#pragma once

#include <windows.h>

#include <string>

namespace lsp::setup {

// Filled by either function, whatever comes of it.
struct SetupResult {
    DWORD size = sizeof(SetupResult);  // in bytes, set by the caller
    DWORD changed = 0;                 // 1: the catalog was changed; 0: it was as it should be
    WCHAR path[MAX_PATH] = {};         // what is registered, after an installation that changed something
    char message[2048] = {};           // UTF-8: what went wrong and what to do
};

// Copies the provider's DLL (and winsock-lsp-ia32.dll beside it, for 32-bit programs) to where only administrators can
// write, and installs that; nothing if the provider is installed already. 1 on success, 0 with a message.
using SetupInstall = int(const WCHAR* provider_dll, SetupResult* result);
// Takes every entry of ours out of the catalog.
using SetupRemove = int(SetupResult* result);

inline constexpr char setup_install_name[] = "WinsockLspSetupInstall";
inline constexpr char setup_remove_name[] = "WinsockLspSetupRemove";

// The path of winsock-lsp-setup.dll that belongs to a provider's DLL: …\winsock-lsp.dll → …\winsock-lsp-setup.dll.
inline std::wstring setup_dll_of(const std::wstring& provider_dll) {
    const std::size_t dot = provider_dll.rfind(L'.');
    return provider_dll.substr(0, dot) + L"-setup" + (dot == std::wstring::npos ? L"" : provider_dll.substr(dot));
}

}  // namespace lsp::setup
