// Private to system and setup: what reading and writing the policy store share.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <string>

#include "policy_store.hpp"

namespace lsp::system {

inline constexpr wchar_t policy_value[] = L"Policy";
inline constexpr wchar_t tunnels_key[] = L"Tunnels";
inline constexpr wchar_t delegated_tunnels_key[] = L"DelegatedTunnels";
inline constexpr wchar_t tunnels_path[] = L"SOFTWARE\\winsock-lsp\\Tunnels";
inline constexpr wchar_t delegated_tunnels_path[] = L"SOFTWARE\\winsock-lsp\\DelegatedTunnels";
inline constexpr wchar_t definition_value[] = L"Definition";

std::string store_name();  // as messages name it

// ERROR_FILE_NOT_FOUND if there is no such subkey; every other fault is in `rejected`.
LONG read_stored_tunnel(HKEY tunnels, const std::wstring& name, StoredTunnel& stored);

}  // namespace lsp::system
