// Where winsock-lsp-setup.dll is.
#pragma once

#include <string>

#include "tunnels/plugin_dll.hpp"

namespace lsp::setup {

// The path of winsock-lsp-setup.dll that belongs to a provider's DLL: …\winsock-lsp.dll → …\winsock-lsp-setup.dll.
inline std::wstring setup_dll_of(const std::wstring& provider_dll) {
    const std::size_t dot = provider_dll.rfind(L'.');
    return provider_dll.substr(0, dot) + setup_dll_suffix +
           (dot == std::wstring::npos ? L"" : provider_dll.substr(dot));
}

}  // namespace lsp::setup
