#include "catalog.h"

namespace test_winsock {
namespace {
constexpr GUID tcpipProvider = {0xe70f1aa0, 0xab8b, 0x11cf, {0x8c, 0xa3, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92}};
constexpr GUID tcpip6Provider = {0xf9eab0c0, 0x26d4, 0x11d0, {0xbb, 0xbf, 0x00, 0xaa, 0x00, 0x6c, 0x34, 0xe4}};

constexpr DWORD streamFlags =
    XP1_GUARANTEED_DELIVERY | XP1_GUARANTEED_ORDER | XP1_GRACEFUL_CLOSE | XP1_EXPEDITED_DATA | XP1_IFS_HANDLES;
constexpr DWORD datagramFlags =
    XP1_CONNECTIONLESS | XP1_MESSAGE_ORIENTED | XP1_SUPPORT_BROADCAST | XP1_SUPPORT_MULTIPOINT | XP1_IFS_HANDLES;

struct BaseEntry {
    const wchar_t* name;
    const GUID& provider;
    int family, addressLength, type, protocol, protocolMaxOffset;
    DWORD serviceFlags, providerFlags, messageSize;
};

// The values that "netsh winsock show catalog" lists on Windows 10.
const BaseEntry baseEntries[] = {
    {L"MSAFD Tcpip [TCP/IP]", tcpipProvider, AF_INET, 16, SOCK_STREAM, IPPROTO_TCP, 0, streamFlags,
     PFL_MATCHES_PROTOCOL_ZERO, 0},
    {L"MSAFD Tcpip [UDP/IP]", tcpipProvider, AF_INET, 16, SOCK_DGRAM, IPPROTO_UDP, 0, datagramFlags,
     PFL_MATCHES_PROTOCOL_ZERO, 0xfff7},
    {L"MSAFD Tcpip [RAW/IP]", tcpipProvider, AF_INET, 16, SOCK_RAW, 0, 255, datagramFlags,
     PFL_MATCHES_PROTOCOL_ZERO | PFL_HIDDEN, 0x8000},
    {L"MSAFD Tcpip [TCP/IPv6]", tcpip6Provider, AF_INET6, 28, SOCK_STREAM, IPPROTO_TCP, 0, streamFlags,
     PFL_MATCHES_PROTOCOL_ZERO, 0},
    {L"MSAFD Tcpip [UDP/IPv6]", tcpip6Provider, AF_INET6, 28, SOCK_DGRAM, IPPROTO_UDP, 0, datagramFlags,
     PFL_MATCHES_PROTOCOL_ZERO, 0xfff7},
    {L"MSAFD Tcpip [RAW/IPv6]", tcpip6Provider, AF_INET6, 28, SOCK_RAW, 0, 255, datagramFlags,
     PFL_MATCHES_PROTOCOL_ZERO | PFL_HIDDEN, 0x8000},
};
}  // namespace

Catalogs BaseCatalogs() {
    Catalogs catalogs;
    for (const BaseEntry& base : baseEntries) {
        CatalogEntry entry{};
        // Windows has %SystemRoot%\system32\mswsock.dll: a program without SystemRoot in its environment has no sockets.
        entry.providerPath = L"%SystemRoot%\\system32\\test_base_provider.dll";
        WSAPROTOCOL_INFOW& info = entry.info;
        info.dwServiceFlags1 = base.serviceFlags;
        info.dwProviderFlags = base.providerFlags;
        info.ProviderId = base.provider;
        info.dwCatalogEntryId = catalogs.nextEntryId++;
        info.ProtocolChain.ChainLen = BASE_PROTOCOL;
        info.iVersion = 2;
        info.iAddressFamily = base.family;
        info.iMaxSockAddr = info.iMinSockAddr = base.addressLength;
        info.iSocketType = base.type;
        info.iProtocol = base.protocol;
        info.iProtocolMaxOffset = base.protocolMaxOffset;
        info.iNetworkByteOrder = BIGENDIAN;
        info.iSecurityScheme = SECURITY_PROTOCOL_NONE;
        info.dwMessageSize = base.messageSize;
        lstrcpyW(info.szProtocol, base.name);
        catalogs.bits64.push_back(entry);
        catalogs.bits32.push_back(entry);
    }
    return catalogs;
}
}  // namespace test_winsock
