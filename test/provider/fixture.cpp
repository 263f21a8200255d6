#include "fixture.hpp"

#include <doctest/doctest.h>
#include <windows.h>

#include <cstdlib>
#include <fstream>

#include "extension.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/interfaces.hpp"
#include "system/system_function.hpp"

namespace test {

sockaddr_in address(const char* text, int port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<u_short>(port));
    // Not inet_addr: Wine's counts the C run time's locale down in each thread, until it is freed.
    if (inet_pton(AF_INET, text, &result.sin_addr) != 1) result.sin_addr.s_addr = INADDR_NONE;
    return result;
}

std::string text(const sockaddr_in& address) { return inet_ntoa(address.sin_addr); }

namespace {

int error_of(int result) { return result == 0 ? 0 : WSAGetLastError(); }

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace

Socket::Socket(int type, int protocol) : s_(WSASocketW(AF_INET, type, protocol, nullptr, 0, WSA_FLAG_OVERLAPPED)) {
    REQUIRE_MESSAGE(s_ != INVALID_SOCKET, "error ", WSAGetLastError());
}

Socket::~Socket() {
    if (s_ != INVALID_SOCKET) closesocket(s_);
}

SOCKET Socket::release() {
    const SOCKET s = s_;
    s_ = INVALID_SOCKET;
    return s;
}

Socket tcp() { return {SOCK_STREAM, IPPROTO_TCP}; }
Socket udp() { return {SOCK_DGRAM, IPPROTO_UDP}; }

int bind_to(SOCKET s, const char* to, int port) {
    const sockaddr_in name = address(to, port);
    return error_of(bind(s, generic(name), sizeof(name)));
}

int connect_to(SOCKET s, const char* to, int port) {
    const sockaddr_in name = address(to, port);
    return error_of(connect(s, generic(name), sizeof(name)));
}

int connect_ex_to(SOCKET s, const char* to, int port) {
    const auto connect_ex = extension<LPFN_CONNECTEX>(s, WSAID_CONNECTEX);
    if (connect_ex == nullptr) return WSAGetLastError();
    const sockaddr_in name = address(to, port);
    WSAOVERLAPPED overlapped{};
    overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    int error = connect_ex(s, generic(name), sizeof(name), nullptr, 0, nullptr, &overlapped) ? 0 : WSAGetLastError();
    if (error == WSA_IO_PENDING) {
        DWORD bytes = 0;
        DWORD flags = 0;
        error = WSAGetOverlappedResult(s, &overlapped, &bytes, TRUE, &flags) ? 0 : WSAGetLastError();
    }
    CloseHandle(overlapped.hEvent);
    if (error == 0) setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0);
    return error;
}

int send_to(SOCKET s, const char* to, int port) {
    const sockaddr_in name = address(to, port);
    return sendto(s, "hello", 5, 0, generic(name), sizeof(name)) == 5 ? 0 : WSAGetLastError();
}

std::string local_address(SOCKET s) {
    sockaddr_in name{};
    int length = sizeof(name);
    if (getsockname(s, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
        return "error " + std::to_string(WSAGetLastError());
    }
    return text(name);
}

int local_port(SOCKET s) {
    sockaddr_in name{};
    int length = sizeof(name);
    return getsockname(s, reinterpret_cast<sockaddr*>(&name), &length) == 0 ? ntohs(name.sin_port) : -1;
}

bool is_lost_by_wine(int error) {
    static const bool possible =
        sizeof(void*) == 4 && lsp::system::look_up(lsp::system::SystemLibrary::ntdll, "wine_get_version") != nullptr;
    return possible && error == ERROR_NOACCESS;
}

bool is_lost_by_wine(const std::string& name) { return name == "error 998" && is_lost_by_wine(ERROR_NOACCESS); }

TcpTarget::TcpTarget(const char* at) : socket_(tcp()) {
    REQUIRE(bind_to(socket_, at, 0) == 0);
    REQUIRE(listen(socket_, 5) == 0);
    port_ = local_port(socket_);
}

std::string TcpTarget::accepted_from() {
    sockaddr_in peer{};
    int length = sizeof(peer);
    const Socket accepted(accept(socket_, reinterpret_cast<sockaddr*>(&peer), &length));
    return accepted == INVALID_SOCKET ? "nobody" : text(peer);
}

UdpTarget::UdpTarget(const char* at) : socket_(udp()) {
    REQUIRE(bind_to(socket_, at, 0) == 0);
    const DWORD timeout_ms = 1000;
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&timeout_ms), sizeof(timeout_ms));
    port_ = local_port(socket_);
}

std::string UdpTarget::received_from() {
    char buffer[64];
    int length = sizeof(last_);
    const int received = recvfrom(socket_, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&last_), &length);
    return received < 0 ? "nobody" : text(last_);
}

void UdpTarget::answer() { sendto(socket_, "answer", 6, 0, generic(last_), sizeof(last_)); }

std::uint32_t tunnel_interface() {
    const auto found = lsp::system::find_address(*lsp::parse_address(virtual_address));
    REQUIRE(found);
    REQUIRE(found->has_value());
    return (*found)->interface_index;
}

void wait_for_policy() { Sleep(70); }

namespace {
constexpr char tunnel_name[] = "provider-tests";
}

PublishedTunnel::PublishedTunnel(const Options& options) {
    lsp::Tunnel tunnel;
    tunnel.name = tunnel_name;
    static const std::uint32_t index = tunnel_interface();  // the look-up is slow on a busy machine
    tunnel.interface_index = index;
    tunnel.address4 = *lsp::parse_prefix("128.129.0.2/24");
    tunnel.source4 = *lsp::parse_address(options.source);
    tunnel.otherwise = options.otherwise;
    tunnel.publisher = lsp::system::current_process();
    const auto written = lsp::setup::write_tunnel(tunnel);
    if (!written) FAIL(written.error().message);
    wait_for_policy();
}

PublishedTunnel::~PublishedTunnel() {
    (void)lsp::setup::erase_tunnel(tunnel_name);
    wait_for_policy();
}

namespace {
// What the store says of the rules; the tests write it as `reg` would.
void write_policy_value(const std::wstring& strings) {
    if (const auto made = lsp::setup::create_policy_store(); !made) FAIL(made.error().message);
    HKEY key = nullptr;
    const REGSAM access = KEY_SET_VALUE | KEY_WOW64_64KEY;
    REQUIRE(RegOpenKeyExW(HKEY_LOCAL_MACHINE, lsp::system::policy_store_key, 0, access, &key) == ERROR_SUCCESS);
    const auto* const bytes = reinterpret_cast<const BYTE*>(strings.data());
    const LSTATUS written =
        RegSetValueExW(key, L"Policy", 0, REG_MULTI_SZ, bytes, static_cast<DWORD>(strings.size() * sizeof(wchar_t)));
    RegCloseKey(key);
    REQUIRE(written == ERROR_SUCCESS);
    wait_for_policy();
}
}  // namespace

AdministratorRules::AdministratorRules(const std::vector<std::string>& lines) {
    std::wstring strings;
    for (const std::string& line : lines) {
        strings.append(line.begin(), line.end());  // ASCII
        strings += L'\0';
    }
    strings += L'\0';
    write_policy_value(strings);
    const auto stored = lsp::system::read_policy();
    REQUIRE(stored);
    CHECK(stored->rejected == "");
    CHECK(stored->rules.size() == lines.size());
}

AdministratorRules::~AdministratorRules() { write_policy_value(std::wstring(1, L'\0')); }

Recording::Recording() {
    const char* const path = std::getenv("TEST_WINSOCK_RECORD");
    REQUIRE(path != nullptr);
    path_ = path;
    start_ = 0;
    start_ = lines().size();
}

std::vector<std::string> Recording::lines() const {
    std::ifstream file(path_, std::ios::binary);
    std::vector<std::string> result;
    std::size_t number = 0;
    for (std::string line; std::getline(file, line); ++number) {
        if (number >= start_) result.push_back(line);
    }
    return result;
}

std::vector<std::string> Recording::calls(const std::string& call) const {
    std::vector<std::string> result;
    for (const std::string& line : lines()) {
        // Each call stands there twice: as it arrived, and with its result.
        if (line.find("\"call\":\"" + call + "\"") != std::string::npos &&
            line.find("\"result\"") == std::string::npos) {
            result.push_back(line);
        }
    }
    return result;
}

std::size_t Recording::find(const std::vector<std::string>& texts) const {
    const std::vector<std::string> all = lines();
    for (std::size_t i = 0; i < all.size(); ++i) {
        bool has_all = true;
        for (const std::string& text : texts) has_all = has_all && all[i].find(text) != std::string::npos;
        if (has_all) return i;
    }
    return npos;
}

}  // namespace test
