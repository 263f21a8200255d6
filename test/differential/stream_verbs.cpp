#include <cstring>

#include "machine.hpp"
#include "overlapped.hpp"

namespace differential {

namespace {

constexpr int patience_ms = 800;
constexpr int short_patience_ms = 150;

// What the peer says of us, `HOST PORT`: whether the port is the one that getsockname tells, rather than its number.
std::string seen_text(const Step& step, const std::string& said) {
    const std::size_t space = said.find(' ');
    const std::string host = name_of_host(said.substr(0, space));
    const auto port = static_cast<u_short>(
        std::strtoul(said.c_str() + (space == std::string::npos ? said.size() : space), nullptr, 10));
    Address own;
    own.length = sizeof(own.storage);
    u_short own_port = 0;
    if (getsockname(step.slot.socket, own.get(), &own.length) == 0) {
        own_port = ntohs(reinterpret_cast<const sockaddr_in*>(own.get())->sin_port);
    }
    return host + (port == own_port ? ":own" : ":" + name_of_port(port, step.machine.own_port));
}

// `peer [quiet]`: what the peer saw, for a connection its first line, for datagrams its next answer and where that came
// from. `quiet`: no answer is expected, so that the wait is short.
std::string peer(const Step& step) {
    const SOCKET socket = step.slot.socket;
    const int patience = step.has("quiet") ? short_patience_ms : patience_ms;
    char text[256];
    if (step.slot.is_datagram()) {
        if (!wait_readable(socket, patience)) return "nobody";
        Address from;
        from.length = sizeof(from.storage);
        const int bytes = recvfrom(socket, text, sizeof(text), 0, from.get(), &from.length);
        if (bytes < 0) return error_text(WSAGetLastError());
        return "saw " + seen_text(step, std::string(text, static_cast<std::size_t>(bytes))) + " answered from " +
               name_of(from.get(), from.length, step.machine.own_port);
    }
    Address remote;
    remote.length = sizeof(remote.storage);
    if (getpeername(socket, remote.get(), &remote.length) != 0) return "not connected";
    std::string& line = step.slot.received;
    while (line.find('\n') == std::string::npos) {
        if (!wait_readable(socket, patience)) return "nobody";
        const int bytes = recv(socket, text, sizeof(text), 0);
        if (bytes < 0) return error_text(WSAGetLastError());
        if (bytes == 0) return "closed";
        line.append(text, static_cast<std::size_t>(bytes));
    }
    const std::size_t end = line.find('\n');
    const std::string said = line.substr(0, end);
    line.erase(0, end + 1);
    return said.find(' ') == std::string::npos ? "echo " + said : "saw " + seen_text(step, said);
}

std::string listen_on(const Step& step) {
    return outcome(listen(step.slot.socket, static_cast<int>(std::stoul(step.word(0, "5")))));
}

// `b.accept a`: into the step's own slot, from the listening one.
std::string accept_from(const Step& step) {
    const Slot& listening = step.machine.slot(step.word(0));
    if (!step.has("now") && !wait_readable(listening.socket, patience_ms)) return "nobody";
    Address from;
    from.length = sizeof(from.storage);
    step.slot.socket = accept(listening.socket, from.get(), &from.length);
    step.slot.family = listening.family;
    step.slot.type = listening.type;
    if (step.slot.socket == INVALID_SOCKET) return error_text(WSAGetLastError());
    return "from " + name_of(from.get(), from.length, step.machine.own_port);
}

int CALLBACK condition(LPWSABUF, LPWSABUF, LPQOS, LPQOS, LPWSABUF, LPWSABUF, GROUP*, DWORD_PTR reject) {
    return reject != 0 ? CF_REJECT : CF_ACCEPT;
}

// `b.wsaaccept a [reject]`, with a condition function
std::string wsa_accept(const Step& step) {
    const Slot& listening = step.machine.slot(step.word(0));
    if (!wait_readable(listening.socket, patience_ms)) return "nobody";
    Address from;
    from.length = sizeof(from.storage);
    step.slot.socket = WSAAccept(listening.socket, from.get(), &from.length, condition, step.has("reject") ? 1 : 0);
    step.slot.family = listening.family;
    step.slot.type = listening.type;
    if (step.slot.socket == INVALID_SOCKET) return error_text(WSAGetLastError());
    return "from " + name_of(from.get(), from.length, step.machine.own_port);
}

constexpr DWORD name_room = sizeof(sockaddr_storage) + 16;

template <typename Function>
bool extension(SOCKET socket, GUID id, Function& function) {
    DWORD bytes = 0;
    return WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &bytes,
                    nullptr, nullptr) == 0;
}

// `b.acceptex a CLIENT DESTINATION [/way]`: AcceptEx is issued, then the slot CLIENT connects, then it has completed.
// The request must be on the listening socket, so that is whose completion is awaited.
std::string accept_ex(const Step& step) {
    Slot& listening = step.machine.slot(step.word(0));
    Slot& client = step.machine.slot(step.word(1));
    LPFN_ACCEPTEX function = nullptr;
    LPFN_GETACCEPTEXSOCKADDRS addresses = nullptr;
    if (!extension(listening.socket, WSAID_ACCEPTEX, function) ||
        !extension(listening.socket, WSAID_GETACCEPTEXSOCKADDRS, addresses)) {
        return "no function: " + error_text(WSAGetLastError());
    }
    const auto memory = std::make_shared<std::array<char, 2 * name_room>>();
    const Address to = step.machine.address(client, step.word(2));
    std::string connected;
    Step on_listening{step.machine, listening, step.words};
    std::string text = complete(on_listening, memory, [&](WSAOVERLAPPED* overlapped, auto, DWORD* bytes) {
        const BOOL done =
            function(listening.socket, step.slot.socket, memory->data(), 0, name_room, name_room, bytes, overlapped);
        const int error = done ? 0 : WSAGetLastError();
        if (error == WSA_IO_PENDING || error == 0) connected = outcome(connect(client.socket, to.get(), to.length));
        WSASetLastError(error);
        return done ? 0 : SOCKET_ERROR;
    });
    text += ", client " + connected;
    if (connected != "ok") return text;
    sockaddr* own = nullptr;
    sockaddr* from = nullptr;
    int own_length = 0;
    int from_length = 0;
    addresses(memory->data(), 0, name_room, name_room, &own, &own_length, &from, &from_length);
    text += ", at " + name_of(own, own_length, step.machine.own_port) + " from " +
            name_of(from, from_length, step.machine.own_port);
    const SOCKET listener = listening.socket;
    return text + ", update " +
           outcome(setsockopt(step.slot.socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                              reinterpret_cast<const char*>(&listener), sizeof(listener)));
}

// `disconnectex [reuse] [/way]`
std::string disconnect_ex(const Step& step) {
    LPFN_DISCONNECTEX function = nullptr;
    if (!extension(step.slot.socket, WSAID_DISCONNECTEX, function)) {
        return "no function: " + error_text(WSAGetLastError());
    }
    const DWORD flags = step.has("reuse") ? TF_REUSE_SOCKET : 0;
    return complete(step, nullptr, [&](WSAOVERLAPPED* overlapped, auto, DWORD*) {
        return function(step.slot.socket, overlapped, flags, 0) ? 0 : SOCKET_ERROR;
    });
}

struct Buffer {
    std::array<char, 256> text{};
    WSABUF buffer{};
    DWORD flags = 0;
    Address from;

    explicit Buffer(const std::string& content = {}) {
        std::memcpy(text.data(), content.data(), content.size());
        buffer = {static_cast<ULONG>(content.empty() ? text.size() : content.size()), text.data()};
        from.length = sizeof(from.storage);
    }
};

std::string send_line(const Step& step) {
    const int sent = send(step.slot.socket, "hello\n", 6, 0);
    return sent >= 0 ? std::to_string(sent) + " bytes" : error_text(WSAGetLastError());
}

std::string wsa_send(const Step& step) {
    const auto data = std::make_shared<Buffer>("hello\n");
    return complete(step, data, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* sent) {
        return WSASend(step.slot.socket, &data->buffer, 1, sent, 0, overlapped, routine);
    });
}

// `recv [now]`: `now` without waiting for something to arrive first
std::string receive(const Step& step) {
    if (!step.has("now") && !wait_readable(step.slot.socket, patience_ms)) return "nobody";
    char text[256];
    const int bytes = recv(step.slot.socket, text, sizeof(text), step.has("peek") ? MSG_PEEK : 0);
    return bytes >= 0 ? (bytes > 0 ? "data" : "end") : error_text(WSAGetLastError());
}

std::string receive_from(const Step& step) {
    if (!step.has("now") && !wait_readable(step.slot.socket, patience_ms)) return "nobody";
    char text[256];
    Address from;
    from.length = sizeof(from.storage);
    const int bytes = recvfrom(step.slot.socket, text, sizeof(text), 0, from.get(), &from.length);
    if (bytes < 0) return error_text(WSAGetLastError());
    return "data from " + name_of(from.get(), from.length, step.machine.own_port);
}

// `wsarecv [/way]`, which is pending where nothing has arrived
std::string wsa_receive(const Step& step) {
    const auto data = std::make_shared<Buffer>();
    return complete(step, data, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* bytes) {
        return WSARecv(step.slot.socket, &data->buffer, 1, bytes, &data->flags, overlapped, routine);
    });
}

std::string wsa_receive_from(const Step& step) {
    const auto data = std::make_shared<Buffer>();
    return complete(step, data, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* bytes) {
        return WSARecvFrom(step.slot.socket, &data->buffer, 1, bytes, &data->flags, data->from.get(),
                           &data->from.length, overlapped, routine);
    });
}

// `recvmsg`: through WSARecvMsg's pointer
std::string receive_msg(const Step& step) {
    LPFN_WSARECVMSG function = nullptr;
    if (!extension(step.slot.socket, WSAID_WSARECVMSG, function)) {
        return "no function: " + error_text(WSAGetLastError());
    }
    if (!step.has("now") && !wait_readable(step.slot.socket, patience_ms)) return "nobody";
    Buffer data;
    WSAMSG message{};
    message.name = data.from.get();
    message.namelen = data.from.length;
    message.lpBuffers = &data.buffer;
    message.dwBufferCount = 1;
    DWORD bytes = 0;
    if (function(step.slot.socket, &message, &bytes, nullptr, nullptr) != 0) return error_text(WSAGetLastError());
    return "data from " + name_of(message.name, message.namelen, step.machine.own_port);
}

std::string shut_down(const Step& step) {
    const std::string how = step.word(0, "both");
    return outcome(shutdown(step.slot.socket, how == "send" ? SD_SEND : how == "receive" ? SD_RECEIVE : SD_BOTH));
}

std::string cancel(const Step& step) {
    return CancelIoEx(reinterpret_cast<HANDLE>(step.slot.socket), nullptr)
               ? "ok"
               : error_text(static_cast<int>(GetLastError()));
}

}  // namespace

Verbs stream_verbs() {
    return {{"peer", peer},
            {"listen", listen_on},
            {"accept", accept_from},
            {"wsaaccept", wsa_accept},
            {"acceptex", accept_ex},
            {"disconnectex", disconnect_ex},
            {"send", send_line},
            {"wsasend", wsa_send},
            {"recv", receive},
            {"recvfrom", receive_from},
            {"recvmsg", receive_msg},
            {"wsarecv", wsa_receive},
            {"wsarecvfrom", wsa_receive_from},
            {"shutdown", shut_down},
            {"cancel", cancel}};
}

}  // namespace differential
