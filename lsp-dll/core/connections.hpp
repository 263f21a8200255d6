// The live connections, joined with what programs' LSPs told of their decisions and with what the policy says now.
// Pure: what is joined is given. The decisions come from sections that their programs can scramble
// (decision_reader.hpp), so a record is taken for a connection's only where nothing contradicts it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "decision_reader.hpp"
#include "process_identity.hpp"

namespace lsp {

// The values are those of MIB_TCP_STATE.
enum class TcpState : std::uint8_t {
    none,  // a UDP socket
    closed,
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
    delete_tcb,
};

const char* to_string(TcpState state) noexcept;  // the enumerator's name; "unknown" past the end

// A TCP connection or listener, or a bound UDP socket, as the system tells it.
struct Connection {
    Protocol protocol = Protocol::tcp;
    TcpState state = TcpState::none;
    IpAddress local;
    IpAddress remote;  // Family::none for a listener and a UDP socket
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    std::uint32_t scope = 0;       // of a link-local IPv6 address: its interface's index
    std::uint32_t process_id = 0;  // 0: no process has it any more
    std::uint64_t created = 0;     // FILETIME, UTC, when the socket was bound; 0: the system does not tell
};

struct Program {
    ProcessIdentity process;
    std::string name;  // of its file, UTF-8
    std::string path;  // in full; empty if the system does not tell it
};

struct LocalAddress {
    IpAddress address;
    std::uint32_t interface_index = 0;
};

struct ConnectionSources {
    std::vector<Connection> table;
    std::vector<Program> programs;
    std::vector<LocalAddress> addresses;
    std::vector<RecordedDecision> decisions;
    // Null if the policy cannot be read: then nothing is said of what it says, and no rule has a text.
    const Policy* policy = nullptr;
    std::uint32_t stamp = 0;                         // of `policy`
    std::function<Route(const IpAddress&)> route{};  // asked once a destination, if a rule asks about routes
};

// How a connection compares with what the policy says now.
enum class Standing : std::uint8_t {
    unknown,  // that cannot be told
    current,  // it would be made the same way
    stale,    // it would be made another way, or not at all
};
const char* to_string(Standing standing) noexcept;

struct JoinedConnection {
    Connection connection;
    const Program* program = nullptr;        // of ConnectionSources::programs; null if it is not known
    std::uint32_t interface_index = 0;       // that has the local address; 0: none, or the wildcard
    bool incoming = false;                   // a socket of this host listens on its local port: it was accepted
    const RecordedDecision* told = nullptr;  // of ConnectionSources::decisions
    // True: the connection's other end is the proxy that `told` names, and where the program connected to is its
    // destination.
    bool led = false;
    // True: `told` is of the time when the connection was made, and no record of then says otherwise. False: the system
    // does not tell that time, and all that is on record of the program about that destination says the same.
    bool certain = false;
    std::optional<Decision> says;  // what the policy says now, of a connection that went out
    Standing standing = Standing::unknown;
};

// In the order of the table. The result points into `sources`.
std::vector<JoinedConnection> join_connections(const ConnectionSources& sources);

}  // namespace lsp
