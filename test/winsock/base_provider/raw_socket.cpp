#include "raw_socket.h"

#include "provider.h"

namespace base_provider {
namespace {
int option(SOCKET socket, int level, int name) {
    int value = 0;
    int length = sizeof value;
    auto* bytes = reinterpret_cast<char*>(&value);
    return systemWinsock.getsockopt(socket, level, name, bytes, &length) == 0 ? value : 0;
}
}  // namespace

bool IsRaw(SOCKET socket) { return option(socket, SOL_SOCKET, SO_TYPE) == SOCK_RAW; }

void BindRawSocket(SOCKET socket) {
    if (!IsRaw(socket)) return;
    sockaddr_in any{};  // Wine has no raw sockets over IPv6
    int length = sizeof any;
    if (systemWinsock.getsockname(socket, reinterpret_cast<sockaddr*>(&any), &length) == 0) return;
    any = {};
    any.sin_family = AF_INET;
    systemWinsock.bind(socket, reinterpret_cast<sockaddr*>(&any), sizeof any);
}
}  // namespace base_provider
