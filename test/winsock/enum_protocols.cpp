#include "enum_protocols.h"

#include <cstddef>
#include <cstring>

#include "export_macro.h"
#include "pointers.h"
#include "providers.h"
#include "startup.h"

namespace test_winsock {
namespace {
bool isVisible(const WSAPROTOCOL_INFOW& info) {
    return info.ProtocolChain.ChainLen != LAYERED_PROTOCOL && !(info.dwProviderFlags & PFL_HIDDEN);
}

bool isWanted(const WSAPROTOCOL_INFOW& info, const int* protocols) {
    if (!protocols) return true;
    for (; *protocols; protocols++)
        if (*protocols == info.iProtocol) return true;
    return false;
}

constexpr std::size_t nameOffset = offsetof(WSAPROTOCOL_INFOW, szProtocol);
static_assert(nameOffset == offsetof(WSAPROTOCOL_INFOA, szProtocol));
}  // namespace

int EnumerateProtocols(const ProtocolCatalog& catalog, bool visible, const int* protocols, WSAPROTOCOL_INFOW* buffer,
                       DWORD* bufferLength, int& error) {
    if (!canWrite(bufferLength) || (protocols && !canRead(protocols))) {
        error = WSAEFAULT;
        return SOCKET_ERROR;
    }
    std::vector<const WSAPROTOCOL_INFOW*> found;
    for (const CatalogEntry& entry : catalog)
        if ((!visible || isVisible(entry.info)) && isWanted(entry.info, protocols)) found.push_back(&entry.info);

    const DWORD needed = static_cast<DWORD>(found.size() * sizeof(WSAPROTOCOL_INFOW));
    if (*bufferLength < needed || (needed && !buffer)) {
        error = WSAENOBUFS;
        *bufferLength = needed;
        return SOCKET_ERROR;
    }
    if (needed && !canWrite(buffer, found.size())) {
        error = WSAEFAULT;
        return SOCKET_ERROR;
    }
    for (std::size_t i = 0; i < found.size(); i++) buffer[i] = *found[i];
    *bufferLength = needed;
    return static_cast<int>(found.size());
}

void ProtocolInfoToAnsi(const WSAPROTOCOL_INFOW& wide, WSAPROTOCOL_INFOA& ansi) {
    std::memcpy(&ansi, &wide, nameOffset);
    WideCharToMultiByte(CP_ACP, 0, wide.szProtocol, -1, ansi.szProtocol, WSAPROTOCOL_LEN + 1, nullptr, nullptr);
}

void ProtocolInfoToWide(const WSAPROTOCOL_INFOA& ansi, WSAPROTOCOL_INFOW& wide) {
    std::memcpy(&wide, &ansi, nameOffset);
    MultiByteToWideChar(CP_ACP, 0, ansi.szProtocol, -1, wide.szProtocol, WSAPROTOCOL_LEN + 1);
}

namespace {
int enumerateForProgram(const int* protocols, WSAPROTOCOL_INFOW* buffer, DWORD* bufferLength) {
    if (!IsStarted()) {
        SetLastError(WSANOTINITIALISED);
        return SOCKET_ERROR;
    }
    int error = 0;
    RefreshProtocolItems();
    ProtocolCatalog catalog;
    for (const ProtocolItem* item : ProtocolItems()) catalog.push_back(item->entry);
    const int count = EnumerateProtocols(catalog, true, protocols, buffer, bufferLength, error);
    if (count == SOCKET_ERROR) SetLastError(error);
    return count;
}
}  // namespace

WINSOCK_EXPORT(int, WSAEnumProtocolsW, LPINT protocols, LPWSAPROTOCOL_INFOW buffer, LPDWORD bufferLength) {
    return enumerateForProgram(protocols, buffer, bufferLength);
}

WINSOCK_EXPORT(int, WSAEnumProtocolsA, LPINT protocols, LPWSAPROTOCOL_INFOA buffer, LPDWORD bufferLength) {
    std::vector<WSAPROTOCOL_INFOW> wide(64);
    DWORD wideLength = static_cast<DWORD>(wide.size() * sizeof(WSAPROTOCOL_INFOW));
    const int count = enumerateForProgram(protocols, wide.data(), &wideLength);
    if (count == SOCKET_ERROR) return SOCKET_ERROR;
    const DWORD needed = static_cast<DWORD>(count * sizeof(WSAPROTOCOL_INFOA));
    if (!canWrite(bufferLength)) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    if (*bufferLength < needed || !canWrite(buffer, count)) {
        SetLastError(*bufferLength < needed ? WSAENOBUFS : WSAEFAULT);
        *bufferLength = needed;
        return SOCKET_ERROR;
    }
    for (int i = 0; i < count; i++) ProtocolInfoToAnsi(wide[i], buffer[i]);
    *bufferLength = needed;
    return count;
}
}  // namespace test_winsock
