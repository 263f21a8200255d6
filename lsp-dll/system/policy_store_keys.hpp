// Private to system and setup: what reading and writing the policy store share.
#pragma once

namespace lsp::system {

inline constexpr wchar_t policy_value[] = L"Policy";
inline constexpr wchar_t tunnels_key[] = L"Tunnels";
inline constexpr wchar_t delegated_tunnels_key[] = L"DelegatedTunnels";
inline constexpr wchar_t tunnels_path[] = L"SOFTWARE\\winsock-lsp\\Tunnels";
inline constexpr wchar_t delegated_tunnels_path[] = L"SOFTWARE\\winsock-lsp\\DelegatedTunnels";
inline constexpr wchar_t definition_value[] = L"Definition";

}  // namespace lsp::system
