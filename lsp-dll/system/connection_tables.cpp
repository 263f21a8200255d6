#include "connection_tables.hpp"

#include "ip_tables.hpp"

namespace lsp::system {
namespace {

constexpr ULONG first_connections_bytes = 1024 * 1024;  // thousands of rows; pages that are not used cost nothing
constexpr char reading_connections[] = "Cannot read the table of connections";

// Microsoft's documentation says network byte order, and the system's own programs take it as it is: what an interface
// has is decided by whoever knows the interfaces. An interface's index is small.
std::uint32_t scope_of(DWORD scope) {
    constexpr DWORD largest_index = 0x0000'ffff;
    return scope > largest_index ? ntohl(scope) : scope;
}

TcpState state_of(DWORD state) {
    return state >= 1 && state <= static_cast<DWORD>(TcpState::delete_tcb) ? static_cast<TcpState>(state)
                                                                           : TcpState::closed;
}

void set_owner(Connection& connection, DWORD process_id, const LARGE_INTEGER& created) {
    connection.process_id = process_id;
    connection.created = created.QuadPart > 0 ? static_cast<std::uint64_t>(created.QuadPart) : 0;
}

void set_remote(Connection& connection, const IpAddress& remote, DWORD port) {
    // Of a listener the remote half has no meaning.
    if (connection.state == TcpState::listen) return;
    connection.remote = remote;
    connection.remote_port = port_of(port);
}

Connection read(const MIB_TCPROW_OWNER_MODULE& row) {
    Connection connection;
    connection.state = state_of(row.dwState);
    connection.local = IpAddress::v4(&row.dwLocalAddr);
    connection.local_port = port_of(row.dwLocalPort);
    set_remote(connection, IpAddress::v4(&row.dwRemoteAddr), row.dwRemotePort);
    set_owner(connection, row.dwOwningPid, row.liCreateTimestamp);
    return connection;
}

Connection read(const MIB_TCP6ROW_OWNER_MODULE& row) {
    Connection connection;
    connection.state = state_of(row.dwState);
    connection.local = IpAddress::v6(row.ucLocalAddr);
    connection.local_port = port_of(row.dwLocalPort);
    connection.scope = scope_of(row.dwLocalScopeId);
    set_remote(connection, IpAddress::v6(row.ucRemoteAddr), row.dwRemotePort);
    set_owner(connection, row.dwOwningPid, row.liCreateTimestamp);
    return connection;
}

Connection read(const MIB_UDPROW_OWNER_MODULE& row) {
    Connection connection;
    connection.protocol = Protocol::udp;
    connection.local = IpAddress::v4(&row.dwLocalAddr);
    connection.local_port = port_of(row.dwLocalPort);
    set_owner(connection, row.dwOwningPid, row.liCreateTimestamp);
    return connection;
}

Connection read(const MIB_UDP6ROW_OWNER_MODULE& row) {
    Connection connection;
    connection.protocol = Protocol::udp;
    connection.local = IpAddress::v6(row.ucLocalAddr);
    connection.local_port = port_of(row.dwLocalPort);
    connection.scope = scope_of(row.dwLocalScopeId);
    set_owner(connection, row.dwOwningPid, row.liCreateTimestamp);
    return connection;
}

// Adds one family's table; a Win32 error, 0 on success.
template <typename Table, typename Function, typename Class>
DWORD add(Function& looked_up, Class table_class, ULONG family, std::vector<Connection>& connections) {
    return for_each_row<Table>(looked_up, table_class, family, first_connections_bytes, [&](const auto& row) {
        connections.push_back(read(row));
        return true;
    });
}

// A system without IPv6.
bool is_missing(DWORD error) { return error == ERROR_NOT_SUPPORTED || error == ERROR_INVALID_PARAMETER; }

}  // namespace

Result<std::vector<Connection>> read_connection_tables() {
    using ip_helper::get_extended_tcp_table, ip_helper::get_extended_udp_table;
    std::vector<Connection> connections;
    if (const DWORD error =
            add<MIB_TCPTABLE_OWNER_MODULE>(get_extended_tcp_table, TCP_TABLE_OWNER_MODULE_ALL, AF_INET, connections)) {
        return system_error(error, get_extended_tcp_table.name(), reading_connections);
    }
    DWORD error =
        add<MIB_TCP6TABLE_OWNER_MODULE>(get_extended_tcp_table, TCP_TABLE_OWNER_MODULE_ALL, AF_INET6, connections);
    if (error != NO_ERROR && !is_missing(error))
        return system_error(error, get_extended_tcp_table.name(), reading_connections);
    error = add<MIB_UDPTABLE_OWNER_MODULE>(get_extended_udp_table, UDP_TABLE_OWNER_MODULE, AF_INET, connections);
    if (error != NO_ERROR) return system_error(error, get_extended_udp_table.name(), reading_connections);
    error = add<MIB_UDP6TABLE_OWNER_MODULE>(get_extended_udp_table, UDP_TABLE_OWNER_MODULE, AF_INET6, connections);
    if (error != NO_ERROR && !is_missing(error))
        return system_error(error, get_extended_udp_table.name(), reading_connections);
    return connections;
}

}  // namespace lsp::system
