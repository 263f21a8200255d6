// Catalog entries for tests.
#pragma once

#include "system/chains.hpp"

struct Kind {
    int family, type, protocol;
};
inline constexpr Kind tcp4{AF_INET, SOCK_STREAM, IPPROTO_TCP};
inline constexpr Kind udp4{AF_INET, SOCK_DGRAM, IPPROTO_UDP};
inline constexpr Kind raw4{AF_INET, SOCK_RAW, 0};
inline constexpr Kind tcp6{AF_INET6, SOCK_STREAM, IPPROTO_TCP};

inline constexpr GUID base_guid = {0xe70f1aa0, 0xab8b, 0x11cf, {0x8c, 0xa3, 0, 0x80, 0x5f, 0x48, 0xa1, 0x92}};
inline constexpr GUID other_guid = {0x11111111, 0x2222, 0x4333, {0x84, 4, 4, 4, 4, 4, 4, 4}};
inline constexpr GUID other_chain_guid = {0x11111111, 0x2222, 0x4333, {0x85, 5, 5, 5, 5, 5, 5, 5}};

// `chain` empty and `layered` false: a base entry.
inline lsp::system::CatalogEntry make_entry(DWORD id, const wchar_t* name, Kind kind, const GUID& provider,
                                            std::vector<DWORD> chain = {}, bool layered = false) {
    lsp::system::CatalogEntry entry;
    WSAPROTOCOL_INFOW& info = entry.info;
    info.dwServiceFlags1 = XP1_IFS_HANDLES;
    info.ProviderId = provider;
    info.dwCatalogEntryId = id;
    info.iVersion = 2;
    info.iAddressFamily = kind.family;
    info.iSocketType = kind.type;
    info.iProtocol = kind.protocol;
    info.iMaxSockAddr = info.iMinSockAddr = kind.family == AF_INET ? 16 : 28;
    info.ProtocolChain.ChainLen = layered         ? LAYERED_PROTOCOL
                                  : chain.empty() ? BASE_PROTOCOL
                                                  : static_cast<int>(chain.size());
    for (std::size_t i = 0; i < chain.size(); ++i) info.ProtocolChain.ChainEntries[i] = chain[i];
    for (std::size_t i = 0; name[i] != L'\0'; ++i) info.szProtocol[i] = name[i];
    entry.path = L"%SystemRoot%\\system32\\mswsock.dll";
    return entry;
}
