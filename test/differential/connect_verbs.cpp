#include <array>
#include <cstring>

#include "machine.hpp"
#include "overlapped.hpp"

namespace differential {

namespace {

std::string plain(const Step& step) {
    const Address to = step.machine.address(step.slot, step.word(0));
    return outcome(connect(step.slot.socket, to.get(), to.length));
}

std::string wsa(const Step& step) {
    const Address to = step.machine.address(step.slot, step.word(0));
    return outcome(WSAConnect(step.slot.socket, to.get(), to.length, nullptr, nullptr, nullptr, nullptr));
}

// A datagram socket connected to AF_UNSPEC has no default destination any more.
std::string disconnect(const Step& step) {
    sockaddr_in6 nowhere{};
    const int length = step.slot.family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    return outcome(connect(step.slot.socket, reinterpret_cast<const sockaddr*>(&nowhere), length));
}

// `connectex DESTINATION [/way] [data]`
std::string ex(const Step& step) {
    const SOCKET socket = step.slot.socket;
    LPFN_CONNECTEX function = nullptr;
    GUID id = WSAID_CONNECTEX;
    DWORD bytes = 0;
    if (WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &bytes,
                 nullptr, nullptr) != 0) {
        return "no function: " + error_text(WSAGetLastError());
    }
    struct Data {
        Address to;
        char text[16];
    };
    const auto data = std::make_shared<Data>();
    data->to = step.machine.address(step.slot, step.word(0));
    std::memcpy(data->text, "hello\n", 6);
    const bool with_data = step.has("data");
    return complete(step, data, [&](WSAOVERLAPPED* overlapped, auto, DWORD* sent) {
        return function(socket, data->to.get(), data->to.length, with_data ? data->text : nullptr, with_data ? 6 : 0,
                        sent, overlapped)
                   ? 0
                   : SOCKET_ERROR;
    });
}

std::string update(const Step& step) {
    return outcome(setsockopt(step.slot.socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0));
}

std::string join_leaf(const Step& step) {
    const Address to = step.machine.address(step.slot, step.word(0));
    const SOCKET leaf = WSAJoinLeaf(step.slot.socket, to.get(), to.length, nullptr, nullptr, nullptr, nullptr, JL_BOTH);
    if (leaf == INVALID_SOCKET) return error_text(WSAGetLastError());
    return leaf == step.slot.socket ? "itself" : "another";
}

}  // namespace

Verbs connect_verbs() {
    return {{"connect", plain}, {"wsaconnect", wsa},        {"connectex", ex},
            {"update", update}, {"disconnect", disconnect}, {"joinleaf", join_leaf}};
}

}  // namespace differential
