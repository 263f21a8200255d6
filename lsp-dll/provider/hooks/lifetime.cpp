#include <ws2tcpip.h>

#include "../adopt.hpp"
#include "../guarded_copy.hpp"
#include "../notes.hpp"
#include "../socket_state.hpp"
#include "../startup.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// Whether ws2_32 still has our chain in its catalog. WSAEINVAL is its answer for a provider that it does not know.
bool is_in_catalog(const Chain& chain) noexcept {
    GUID provider = chain.info().ProviderId;
    wchar_t path[MAX_PATH];
    int length = MAX_PATH;
    int error = 0;
    return chain.upcalls.lpWPUGetProviderPath(&provider, path, &length, &error) == 0 || error != WSAEINVAL;
}

// Another process's socket, from WSADuplicateSocket: it is not ours to call it unbound.
SOCKET shared_socket(Chain& chain, int family, int type, int protocol, DWORD reserved, GROUP group, DWORD flags,
                     LPINT error) noexcept {
    WSAPROTOCOL_INFOW lower_info = chain.lower_info;
    lower_info.dwProviderReserved = reserved;
    const SOCKET s = chain.lower.lpWSPSocket(family, type, protocol, &lower_info, group, flags, error);
    if (s == INVALID_SOCKET) return s;
    forget_socket(s);
    return adopt(chain, s);
}

}  // namespace

int cleanup(Chain& chain, LPINT error) { return clean_up(static_cast<std::size_t>(&chain - chains), error); }

SOCKET socket(Chain& chain, int family, int type, int protocol, LPWSAPROTOCOL_INFOW info, GROUP group, DWORD flags,
              LPINT error) {
    DWORD reserved = 0;
    if (info != nullptr && guarded_read(reserved, &info->dwProviderReserved) && reserved != 0) {
        return shared_socket(chain, family, type, protocol, reserved, group, flags, error);
    }
    const SOCKET s = chain.lower.lpWSPSocket(family, type, protocol, &chain.lower_info, group, flags, error);
    if (s == INVALID_SOCKET) return s;
    SocketState state = fresh_state(chain, SocketKind::unbound);
    // Registered I/O passes by every provider, and wants a socket that is bound.
    state.binds_at_once = (flags & WSA_FLAG_REGISTERED_IO) != 0;
    remember_socket(s, state);
    return adopt(chain, s);
}

SOCKET join_leaf(Chain& chain, SOCKET s, const sockaddr* name, int name_length, LPWSABUF caller_data,
                 LPWSABUF callee_data, LPQOS socket_qos, LPQOS group_qos, DWORD flags, LPINT error) {
    if (const int failed = settle(chain, s); failed != 0) {
        *error = failed;
        return INVALID_SOCKET;
    }
    const SOCKET leaf =
        chain.lower.lpWSPJoinLeaf(s, name, name_length, caller_data, callee_data, socket_qos, group_qos, flags, error);
    if (leaf == INVALID_SOCKET || leaf == s) return leaf;
    forget_socket(leaf);
    return adopt(chain, leaf);
}

int close_socket(Chain& chain, SOCKET s, LPINT error) {
    // Before the lower call: after it another thread may own the handle value.
    forget_socket(s);
    return chain.lower.lpWSPCloseSocket(s, error);
}

int duplicate_socket(Chain& chain, SOCKET s, DWORD process_id, LPWSAPROTOCOL_INFOW info, LPINT error) {
    wait_for_led(s);  // the other process would have a connection to the proxy
    if (const int failed = settle(chain, s); failed != 0) {
        *error = failed;
        return SOCKET_ERROR;
    }
    const int result = chain.lower.lpWSPDuplicateSocket(s, process_id, info, error);
    // Without our entry the other process could not open it under our description.
    if (result != 0 || !is_in_catalog(chain)) return result;
    // The lower provider describes itself; with its entry's id the other process would open the socket past us.
    WSAPROTOCOL_INFOW described = chain.info();
    if (!guarded_read(described.dwProviderReserved, &info->dwProviderReserved) || !guarded_write(info, described)) {
        *error = WSAEFAULT;
        return SOCKET_ERROR;
    }
    return 0;
}

}  // namespace lsp::provider::hooks
