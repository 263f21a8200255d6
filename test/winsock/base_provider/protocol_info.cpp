#include "protocol_info.h"

#include <cwchar>
#include <vector>

#include "provider.h"

namespace base_provider {
namespace {
std::vector<WSAPROTOCOL_INFOW> entries;

// TEST_WINSOCK_STRANGER: a socket of this process that the base provider says is of another kind, one that Wine has
// not.
struct Stranger {
    SOCKET socket = INVALID_SOCKET;
    const WSAPROTOCOL_INFOW* entry = nullptr;
} stranger;

void readStranger() {
    wchar_t text[64];
    const DWORD length = GetEnvironmentVariableW(L"TEST_WINSOCK_STRANGER", text, 64);
    unsigned long handle;
    int family, type, protocol;
    stranger = {};
    if (length == 0 || length >= 64 || std::swscanf(text, L"%lu:%d:%d:%d", &handle, &family, &type, &protocol) != 4)
        return;
    for (const WSAPROTOCOL_INFOW& entry : entries)
        if (entry.iAddressFamily == family && entry.iSocketType == type && entry.iProtocol == protocol)
            stranger = {handle, &entry};
}
}  // namespace

bool LoadBaseEntries() {
    std::vector<WSAPROTOCOL_INFOW> all(256);
    DWORD length = static_cast<DWORD>(all.size() * sizeof(WSAPROTOCOL_INFOW));
    int error = 0;
    const int count = WSCEnumProtocols(nullptr, all.data(), &length, &error);
    entries.clear();
    for (int i = 0; i < count; i++)
        if (all[i].ProtocolChain.ChainLen == BASE_PROTOCOL) entries.push_back(all[i]);
    readStranger();
    return !entries.empty();
}

int BaseEntryCount() { return static_cast<int>(entries.size()); }

const WSAPROTOCOL_INFOW& BaseEntry(int index) { return entries[index]; }

int FindBaseEntry(int family, int type) {
    for (int i = 0; i < BaseEntryCount(); i++)
        if ((family == AF_UNSPEC || entries[i].iAddressFamily == family) &&
            (type == 0 || entries[i].iSocketType == type))
            return i;
    return -1;
}

const WSAPROTOCOL_INFOW* SocketEntry(SOCKET socket) {
    if (socket == stranger.socket) return stranger.entry;
    WSAPROTOCOL_INFOW info{};
    int length = sizeof info;
    if (systemWinsock.getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) != 0)
        return nullptr;
    const int index = FindBaseEntry(info.iAddressFamily, info.iSocketType);
    if (index < 0) {
        SetLastError(WSAENOTSOCK);
        return nullptr;
    }
    return &entries[index];
}
}  // namespace base_provider
