// Errors that only our form of a call can give are the rule's `otherwise`; the base provider is told to give them.
#include <doctest/doctest.h>
#include <windows.h>

#include "fixture.hpp"
#include "system/winsock_constants.hpp"

using namespace test;

namespace {

class Answer {
  public:
    explicit Answer(const std::string& text) { SetEnvironmentVariableA("TEST_WINSOCK_ANSWER", text.c_str()); }
    ~Answer() { SetEnvironmentVariableA("TEST_WINSOCK_ANSWER", nullptr); }
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
};

PublishedTunnel published(lsp::Otherwise otherwise) {
    PublishedTunnel::Options options;
    options.otherwise = otherwise;
    return PublishedTunnel(options);
}

constexpr lsp::Otherwise both[] = {lsp::Otherwise::keep, lsp::Otherwise::refuse};

std::string as_text(int error) { return std::to_string(error); }

}  // namespace

TEST_SUITE_BEGIN("tunnel");

TEST_CASE("a datagram whose packet information is not taken goes as without us, or is refused with that error") {
    for (const lsp::Otherwise otherwise : both) {
        const PublishedTunnel tunnel = published(otherwise);
        for (const int error : {WSAEINVAL, WSAEOPNOTSUPP, WSAEADDRNOTAVAIL, WSAENETUNREACH, WSAEHOSTUNREACH}) {
            CAPTURE(error);
            UdpTarget target(target_address);
            const Socket s = udp();
            const Answer answer("WSASendMsg " + as_text(error));
            const bool keep = otherwise == lsp::Otherwise::keep;
            CHECK(send_to(s, target_address, target.port()) == (keep ? 0 : error));
            CHECK((target.received_from() != "nobody") == keep);
        }
    }
}

TEST_CASE("what every form of the call would give is the program's") {
    const PublishedTunnel tunnel = published(lsp::Otherwise::keep);
    for (const int error : {WSAEMSGSIZE, WSAENOBUFS, WSAECONNRESET, WSAEWOULDBLOCK, WSAENETDOWN}) {
        CAPTURE(error);
        UdpTarget target(target_address);
        const Socket s = udp();
        const Answer answer("WSASendMsg " + as_text(error));
        CHECK(send_to(s, target_address, target.port()) == error);
    }
}

TEST_CASE("a connect whose bind or pin is not taken connects as without us, or is refused with that error") {
    for (const lsp::Otherwise otherwise : both) {
        const PublishedTunnel tunnel = published(otherwise);
        for (const std::string call : {"bind", "setsockopt 0 31"}) {
            // bind: what Windows documents, but for the program's own mistakes; IP_UNICAST_IF the same.
            for (const int error : {WSAEADDRNOTAVAIL, WSAEACCES, WSAEADDRINUSE, WSAENETDOWN, WSAENOBUFS, WSAEINVAL}) {
                CAPTURE(call);
                CAPTURE(error);
                TcpTarget target(target_address);
                const Socket s = tcp();
                const Answer answer(call + " " + as_text(error));
                const bool keep = otherwise == lsp::Otherwise::keep;
                // WSAEINVAL means that somebody else has bound it: then the refusal is the rule's own.
                const int refused = error == WSAEINVAL ? WSAEACCES : error;
                CHECK(connect_to(s, target_address, target.port()) == (keep ? 0 : refused));
            }
        }
    }
}

// Windows before 10 has no SO_REUSE_UNICASTPORT, NT 5 no IP_UNICAST_IF.
TEST_CASE("options that the system does not have are done without") {
    const PublishedTunnel tunnel = published(lsp::Otherwise::refuse);
    for (const std::string option : {"0 31", "65535 12295"}) {
        for (const int error : {WSAENOPROTOOPT, WSAEINVAL, WSAEFAULT}) {
            if (option == "0 31" && error != WSAENOPROTOOPT) continue;
            CAPTURE(option);
            CAPTURE(error);
            TcpTarget target(target_address);
            const Socket s = tcp();
            const Answer answer("setsockopt " + option + " " + as_text(error));
            CHECK(connect_to(s, target_address, target.port()) == 0);
            CHECK(target.accepted_from() == physical_address);
        }
    }
}

TEST_SUITE_END();
