#include <cstring>

#include "machine.hpp"

namespace differential {

namespace {

// `bad CALL FAULT [DESTINATION]`: a call with one argument wrong. What Winsock answers is what the base provider does.
struct Arguments {
    Address address;
    const sockaddr* name = nullptr;
    int length = 0;
};

const sockaddr* wild_pointer() { return reinterpret_cast<const sockaddr*>(static_cast<ULONG_PTR>(16)); }

bool put_in(const std::string& fault, Arguments& arguments) {
    arguments.name = arguments.address.get();
    arguments.length = arguments.address.length;
    if (fault == "null") {
        arguments.name = nullptr;
    } else if (fault == "nothing") {
        arguments.name = nullptr;
        arguments.length = 0;
    } else if (fault == "wild") {
        arguments.name = wild_pointer();
    } else if (fault == "short") {
        arguments.length = 8;
    } else if (fault == "zero") {
        arguments.length = 0;
    } else if (fault == "negative") {
        arguments.length = -1;
    } else if (fault == "long") {
        arguments.length = sizeof(sockaddr_storage);
    } else if (fault == "family") {
        arguments.address.set_family(99);
    } else if (fault == "unspecified") {
        arguments.address.set_family(AF_UNSPEC);
    } else if (fault == "other-family") {
        arguments.address.set_family(arguments.address.storage.ss_family == AF_INET ? AF_INET6 : AF_INET);
        arguments.length = sizeof(sockaddr_in6);
    } else {
        return false;
    }
    return true;
}

std::string bad(const Step& step) {
    const std::string call = step.word(0);
    const SOCKET socket = step.slot.socket;
    Arguments arguments;
    arguments.address = step.machine.address(step.slot, step.word(2, "near"));
    if (!put_in(step.word(1), arguments)) return "BROKEN no such fault";
    const sockaddr* const name = arguments.name;
    const int length = arguments.length;

    if (call == "bind") return outcome(bind(socket, name, length));
    if (call == "connect") return outcome(connect(socket, name, length));
    if (call == "wsaconnect") return outcome(WSAConnect(socket, name, length, nullptr, nullptr, nullptr, nullptr));
    if (call == "sendto") {
        const int sent = sendto(socket, "hello", 5, 0, name, length);
        return sent >= 0 ? std::to_string(sent) + " bytes" : error_text(WSAGetLastError());
    }
    if (call == "joinleaf") {
        return WSAJoinLeaf(socket, name, length, nullptr, nullptr, nullptr, nullptr, JL_BOTH) == INVALID_SOCKET
                   ? error_text(WSAGetLastError())
                   : "ok";
    }
    if (call == "connectex") {
        LPFN_CONNECTEX function = nullptr;
        GUID id = WSAID_CONNECTEX;
        DWORD bytes = 0;
        WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &bytes,
                 nullptr, nullptr);
        if (function == nullptr) return "no function";
        const auto overlapped = std::make_shared<WSAOVERLAPPED>();
        step.slot.kept = overlapped;
        return function(socket, name, length, nullptr, 0, nullptr, overlapped.get()) ? "ok"
                                                                                     : error_text(WSAGetLastError());
    }
    if (call == "sendmsg" || call == "wsasendmsg") {
        LPFN_WSASENDMSG function = &WSASendMsg;
        GUID id = WSAID_WSASENDMSG;
        DWORD bytes = 0;
        if (call == "sendmsg") {
            WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &bytes,
                     nullptr, nullptr);
        }
        char text[] = "hello";
        WSABUF buffer{5, text};
        WSAMSG message{};
        message.name = const_cast<sockaddr*>(name);
        message.namelen = length;
        message.lpBuffers = &buffer;
        message.dwBufferCount = 1;
        return function(socket, &message, 0, &bytes, nullptr, nullptr) == 0 ? std::to_string(bytes) + " bytes"
                                                                            : error_text(WSAGetLastError());
    }
    if (call == "getsockname" || call == "getpeername") {
        int room = length;
        int* const room_pointer = step.has("no-length") ? nullptr : &room;
        auto* const out = const_cast<sockaddr*>(name);
        const int result =
            call == "getsockname" ? getsockname(socket, out, room_pointer) : getpeername(socket, out, room_pointer);
        return outcome(result) + " length " + std::to_string(room);
    }
    return "BROKEN no such call";
}

// `null-buffers CALL`: where the data should be there is nothing.
std::string null_buffers(const Step& step) {
    const Address to = step.machine.address(step.slot, "target");
    WSABUF wild{5, reinterpret_cast<char*>(static_cast<ULONG_PTR>(16))};
    DWORD sent = 0;
    const std::string call = step.word(0);
    if (call == "sendto")
        return outcome(WSASendTo(step.slot.socket, &wild, 1, &sent, 0, to.get(), to.length, nullptr, nullptr));
    if (call == "sendto-none") {
        return outcome(WSASendTo(step.slot.socket, nullptr, 1, &sent, 0, to.get(), to.length, nullptr, nullptr));
    }
    if (call == "sendto-zero") {
        return outcome(WSASendTo(step.slot.socket, &wild, 0, &sent, 0, to.get(), to.length, nullptr, nullptr));
    }
    if (call == "sendto-uncounted") {
        char text[] = "hello";
        WSABUF good{5, text};
        return outcome(WSASendTo(step.slot.socket, &good, 1, nullptr, 0, to.get(), to.length, nullptr, nullptr));
    }
    if (call == "sendmsg") return outcome(WSASendMsg(step.slot.socket, nullptr, 0, &sent, nullptr, nullptr));
    return "BROKEN no such call";
}

}  // namespace

Verbs arguments_verbs() { return {{"bad", bad}, {"null-buffers", null_buffers}}; }

}  // namespace differential
