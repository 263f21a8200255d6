// Run with TEST_WINSOCK_CHECK_CONTROL=1: the base provider keeps watch over the control data that it was given, here
// all the DLL's own. A base provider may read that of an overlapped send until its completion, of which the DLL hears
// nothing.
#include <doctest/doctest.h>
#include <windows.h>

#include <list>
#include <sstream>

#include "fixture.hpp"

using namespace test;

namespace {

// Datagrams whose completion nobody asks for until the end.
class OverlappedDatagrams {
  public:
    ~OverlappedDatagrams() {
        for (const Datagram& each : sent_) CloseHandle(each.overlapped.hEvent);
    }

    void send(int port) {
        Datagram& datagram = sent_.emplace_back();
        datagram.to = address(target_address, port);
        datagram.overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        const int result =
            WSASendTo(s_, &datagram.buffer, 1, nullptr, 0, reinterpret_cast<const sockaddr*>(&datagram.to),
                      sizeof(datagram.to), &datagram.overlapped, nullptr);
        CHECK((result == 0 || WSAGetLastError() == WSA_IO_PENDING));
    }

    void complete() {
        for (Datagram& each : sent_) {
            DWORD bytes = 0;
            DWORD flags = 0;
            CHECK(WSAGetOverlappedResult(s_, &each.overlapped, &bytes, TRUE, &flags));
            CHECK(bytes == 5);
        }
    }

  private:
    struct Datagram {
        char data[6] = "hello";
        WSABUF buffer{5, data};
        sockaddr_in to{};
        WSAOVERLAPPED overlapped{};
    };
    Socket s_ = udp();
    std::list<Datagram> sent_;  // they stay where they are
};

std::size_t sends_with_source(const Recording& recording, const std::string& source) {
    std::ostringstream wanted;
    wanted << "\"pktinfo\":{\"source\":\"" << source << "\"";
    std::size_t count = 0;
    for (const std::string& call : recording.calls("WSASendMsg"))
        if (call.find(wanted.str()) != std::string::npos) ++count;
    return count;
}

std::string another_source(int number) {
    std::ostringstream text;
    text << "11.22.34." << number;
    return text.str();
}

// The host's, one that it does not have, and the host's again.
const std::string policy_sources[] = {physical_address, "11.22.33.98", target_address};

constexpr int sends = 20;

}  // namespace

TEST_SUITE_BEGIN("control");

TEST_CASE("control data outlives the policy that it was made for") {
    const Recording recording;
    OverlappedDatagrams datagrams;
    // As long as the policy has them, and after it has changed: withdrawn, another source, the first one again.
    for (int round = 0; round < 3; ++round) {
        for (const std::string& source : policy_sources) {
            PublishedTunnel::Options options;
            options.source = source;
            const PublishedTunnel tunnel(options);
            for (int i = 0; i < sends; ++i) datagrams.send(9);
        }
        datagrams.send(9);  // under no policy
    }
    for (const std::string& source : policy_sources) {
        CAPTURE(source);
        CHECK(sends_with_source(recording, source) == 3 * sends);
    }
    datagrams.complete();
    CHECK(recording.calls("control-changed") == std::vector<std::string>{});
}

TEST_CASE("control data for more sources than are kept in one place stays where it is") {
    constexpr int sources = 100;
    const Recording recording;
    OverlappedDatagrams datagrams;
    for (int round = 0; round < 2; ++round) {
        std::vector<std::string> lines;
        // None of them the host's: what counts is what goes down, and the datagrams go as without us then.
        for (int i = 1; i <= sources; ++i) {
            std::ostringstream line;
            line << "to 1.2.3.4 port " << i << " source " << another_source(i) << " otherwise keep";
            lines.push_back(line.str());
        }
        const AdministratorRules rules(lines);
        for (int i = 1; i <= sources; ++i) datagrams.send(i);
    }
    for (int i = 1; i <= sources; ++i) {
        CAPTURE(i);
        CHECK(sends_with_source(recording, another_source(i)) == 2);
    }
    datagrams.complete();
    CHECK(recording.calls("control-changed") == std::vector<std::string>{});
}

TEST_SUITE_END();
