#include "proxy_owner.hpp"

#include "../core/text.hpp"
#include "handle.hpp"
#include "ip_tables.hpp"
#include "listed_process.hpp"
#include "pages.hpp"
#include "system_function.hpp"

namespace lsp::system {

namespace {

struct Sid {
    alignas(SID) unsigned char bytes[SECURITY_MAX_SID_SIZE] = {};
    PSID get() noexcept { return bytes; }
};

constexpr DWORD system_process = 4;  // the kernel's own, HTTP.sys among it

// What is looked for in the table of connections: a listener has no other end.
struct Wanted {
    const TcpEndpoint& local;
    const TcpEndpoint* remote;
    bool at_any = false;  // a listener at the wildcard, which gets what no other listener does
};

bool matches(const Wanted& wanted, const IpAddress& local, DWORD local_port, const IpAddress& remote, DWORD remote_port,
             DWORD state) noexcept {
    if (port_of(local_port) != wanted.local.port) return false;
    const IpAddress at = local.unmapped();
    if (wanted.remote == nullptr) {
        return state == MIB_TCP_STATE_LISTEN && (wanted.at_any ? at.is_unspecified() : at == wanted.local.address);
    }
    return state != MIB_TCP_STATE_LISTEN && at == wanted.local.address && remote.unmapped() == wanted.remote->address &&
           port_of(remote_port) == wanted.remote->port;
}

bool matches(const Wanted& wanted, const MIB_TCPROW_OWNER_PID& row) noexcept {
    return matches(wanted, IpAddress::v4(&row.dwLocalAddr), row.dwLocalPort, IpAddress::v4(&row.dwRemoteAddr),
                   row.dwRemotePort, row.dwState);
}

bool matches(const Wanted& wanted, const MIB_TCP6ROW_OWNER_PID& row) noexcept {
    return matches(wanted, IpAddress::v6(row.ucLocalAddr), row.dwLocalPort, IpAddress::v6(row.ucRemoteAddr),
                   row.dwRemotePort, row.dwState);
}

enum class Found : std::uint8_t { no, yes, untold };

template <typename Table>
Found find_process(ULONG family, const Wanted& wanted, DWORD& process_id) noexcept {
    constexpr DWORD first_bytes = 64 * 1024;
    Found found = Found::no;
    const DWORD error = for_each_row<Table>(ip_helper::get_extended_tcp_table, TCP_TABLE_OWNER_PID_ALL, family,
                                            first_bytes, [&](const auto& row) noexcept {
                                                if (!matches(wanted, row)) return true;
                                                process_id = row.dwOwningPid;
                                                found = Found::yes;
                                                return false;
                                            });
    return error == NO_ERROR ? found : Found::untold;
}

// A SID from its text, as far as accounts need it: "S-1-" and numbers.
bool parse_sid(std::string_view text, Sid& sid) noexcept {
    constexpr std::size_t begun = 4;
    auto* const out = reinterpret_cast<SID*>(sid.bytes);
    out->Revision = SID_REVISION;
    std::size_t parts = 0;
    std::string_view piece;
    for (text::Pieces pieces(text::piece_of(text, begun), '-'); pieces.next(piece); ++parts) {
        const auto number = text::parse_number(piece, UINT32_MAX);
        if (!number || parts > SID_MAX_SUB_AUTHORITIES) return false;
        if (parts == 0) {
            for (std::size_t i = 0; i < 4; ++i) {
                out->IdentifierAuthority.Value[5 - i] = static_cast<BYTE>(*number >> (8 * i));
            }
        } else {
            out->SubAuthority[parts - 1] = static_cast<DWORD>(*number);
        }
    }
    out->SubAuthorityCount = static_cast<BYTE>(parts - 1);
    return parts > 1;
}

bool sid_of(std::string_view account, Sid& sid) noexcept {
    if (account == "local-service") return parse_sid("S-1-5-19", sid);
    if (account == "network-service") return parse_sid("S-1-5-20", sid);
    return parse_sid(account, sid);
}

bool read_user(HANDLE process, Sid& sid) noexcept {
    HANDLE opened = nullptr;
    if (!OpenProcessToken(process, TOKEN_QUERY, &opened)) return false;
    const Handle token(opened);
    alignas(TOKEN_USER) unsigned char bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    DWORD size = 0;
    if (!GetTokenInformation(token.get(), TokenUser, bytes, sizeof(bytes), &size)) return false;
    return CopySid(sizeof(sid.bytes), sid.get(), reinterpret_cast<const TOKEN_USER*>(bytes)->User.Sid) != 0;
}

// What the service manager says of a process whose token this user may not open: of SYSTEM's, and of other services.
class Services {
  public:
    // The account's name as it stands in the service's configuration; empty if the process is no service.
    bool find_account(DWORD process_id, wchar_t (&account)[64]) noexcept {
        const auto open = open_manager.get();
        const auto list = list_services.get();
        if (open == nullptr || list == nullptr) return false;
        const SC_HANDLE manager = open(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE);
        if (manager == nullptr) return false;
        bool found = false;
        Pages memory;
        constexpr DWORD size = 256 * 1024;  // the most that the call takes
        DWORD resume = 0;
        bool more = memory.allocate(size);
        while (more && !found) {
            DWORD missing = 0;
            DWORD count = 0;
            const BOOL whole = list(manager, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_ACTIVE,
                                    static_cast<BYTE*>(memory.get()), size, &missing, &count, &resume, nullptr);
            more = !whole && GetLastError() == ERROR_MORE_DATA && count > 0;
            if (!whole && !more) break;
            const auto* const services = static_cast<const ENUM_SERVICE_STATUS_PROCESSW*>(memory.get());
            for (DWORD i = 0; i < count && !found; ++i) {
                if (services[i].ServiceStatusProcess.dwProcessId != process_id) continue;
                found = read_account(manager, services[i].lpServiceName, account);
            }
        }
        close(manager);
        return found;
    }

  private:
    static bool read_account(SC_HANDLE manager, const wchar_t* name, wchar_t (&account)[64]) noexcept {
        const auto open = open_service.get();
        const auto query = query_config.get();
        const SC_HANDLE service =
            open == nullptr || query == nullptr ? nullptr : open(manager, name, SERVICE_QUERY_CONFIG);
        if (service == nullptr) return false;
        Pages memory;
        constexpr DWORD size = 8 * 1024;  // the most that there is
        DWORD needed = 0;
        bool read = memory.allocate(size);
        auto* const config = static_cast<QUERY_SERVICE_CONFIGW*>(memory.get());
        read = read && query(service, config, size, &needed) && config->lpServiceStartName != nullptr &&
               lstrlenW(config->lpServiceStartName) < 64;
        if (read) lstrcpynW(account, config->lpServiceStartName, 64);
        close(service);
        return read;
    }

    static void close(SC_HANDLE handle) noexcept {
        if (const auto function = close_handle.get()) function(handle);
    }

    static constinit SystemFunction<SC_HANDLE WINAPI(const wchar_t*, const wchar_t*, DWORD)> open_manager;
    static constinit SystemFunction<BOOL WINAPI(SC_HANDLE, SC_ENUM_TYPE, DWORD, DWORD, BYTE*, DWORD, DWORD*, DWORD*,
                                                DWORD*, const wchar_t*)>
        list_services;
    static constinit SystemFunction<SC_HANDLE WINAPI(SC_HANDLE, const wchar_t*, DWORD)> open_service;
    static constinit SystemFunction<BOOL WINAPI(SC_HANDLE, QUERY_SERVICE_CONFIGW*, DWORD, DWORD*)> query_config;
    static constinit SystemFunction<BOOL WINAPI(SC_HANDLE)> close_handle;
};
constinit decltype(Services::open_manager) Services::open_manager{SystemLibrary::advapi32, "OpenSCManagerW"};
constinit decltype(Services::list_services) Services::list_services{SystemLibrary::advapi32, "EnumServicesStatusExW"};
constinit decltype(Services::open_service) Services::open_service{SystemLibrary::advapi32, "OpenServiceW"};
constinit decltype(Services::query_config) Services::query_config{SystemLibrary::advapi32, "QueryServiceConfigW"};
constinit decltype(Services::close_handle) Services::close_handle{SystemLibrary::advapi32, "CloseServiceHandle"};

bool is_service_of(DWORD process_id, std::string_view account) noexcept {
    wchar_t name[64] = {};
    if (!Services().find_account(process_id, name)) return false;
    const auto is = [&name](const wchar_t* known) { return lstrcmpiW(name, known) == 0; };
    if (is(L"LocalSystem")) return true;
    if (account == "local-service") return is(L"NT AUTHORITY\\LocalService");
    if (account == "network-service") return is(L"NT AUTHORITY\\NetworkService");
    return false;
}

Owner owner_of_process(DWORD process_id, std::string_view account) noexcept {
    if (process_id == 0) return Owner::unknown;
    if (process_id == GetCurrentProcessId()) return Owner::this_process;
    if (process_id == system_process) return Owner::trusted;
    Sid own;
    if (!read_user(GetCurrentProcess(), own)) return Owner::unknown;
    Sid theirs;
    bool read = false;
    for (const DWORD right : {query_limited_information, DWORD{PROCESS_QUERY_INFORMATION}}) {
        const Handle process(OpenProcess(right, FALSE, process_id));
        read = process && read_user(process.get(), theirs);
        if (read) break;
    }
    if (!read) return is_service_of(process_id, account) ? Owner::trusted : Owner::somebody_else;
    Sid system;
    parse_sid("S-1-5-18", system);
    Sid named;
    const bool is_named = !account.empty() && sid_of(account, named) && EqualSid(theirs.get(), named.get());
    return EqualSid(theirs.get(), own.get()) || EqualSid(theirs.get(), system.get()) || is_named ? Owner::trusted
                                                                                                 : Owner::somebody_else;
}

// An IPv4 connection of a socket of both families may stand in either table.
Found find_process(const Wanted& wanted, DWORD& process_id) noexcept {
    Found found = Found::no;
    if (wanted.local.address.family == Family::ipv4) {
        found = find_process<MIB_TCPTABLE_OWNER_PID>(AF_INET, wanted, process_id);
    }
    if (found == Found::no) found = find_process<MIB_TCP6TABLE_OWNER_PID>(AF_INET6, wanted, process_id);
    return found;
}

Owner owner_of(const Wanted& wanted, std::string_view account) noexcept {
    DWORD process_id = 0;
    switch (find_process(wanted, process_id)) {
        case Found::no: return Owner::nobody;
        case Found::untold: return Owner::unknown;
        case Found::yes: break;
    }
    return owner_of_process(process_id, account);
}

}  // namespace

Owner owner_of_listener(const TcpEndpoint& endpoint, std::string_view account) noexcept {
    const Owner owner = owner_of({endpoint, nullptr}, account);
    return owner == Owner::nobody ? owner_of({endpoint, nullptr, true}, account) : owner;
}

std::uint32_t process_of_listener(const TcpEndpoint& endpoint) noexcept {
    DWORD process_id = 0;
    if (find_process({endpoint, nullptr}, process_id) == Found::yes) return process_id;
    return find_process({endpoint, nullptr, true}, process_id) == Found::yes ? process_id : 0;
}

Owner owner_of_peer(const TcpEndpoint& peer, const TcpEndpoint& local, std::string_view account) noexcept {
    return owner_of({peer, &local}, account);
}

}  // namespace lsp::system
