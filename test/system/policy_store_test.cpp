#include <doctest/doctest.h>

#include "children.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "support.hpp"
#include "system/text.hpp"

using namespace lsp;
using namespace lsp::setup;
using namespace lsp::system;

namespace {

struct EmptyStore {
    EmptyStore() { REQUIRE(delete_policy_store()); }
    ~EmptyStore() { CHECK(delete_policy_store()); }

    static void put_lines(const std::wstring& text) {
        write_raw(L"", L"Policy", REG_MULTI_SZ, text.data(), text.size() * sizeof(wchar_t));
    }
    static void put_definition(const std::wstring& name, const std::wstring& text) {
        write_raw(L"Tunnels\\" + name, L"Definition", REG_SZ, text.c_str(), (text.size() + 1) * sizeof(wchar_t));
    }
    static StoredPolicy read() {
        auto policy = read_policy();
        REQUIRE_MESSAGE(policy, message_of(policy));
        return std::move(*policy);
    }
};

constexpr wchar_t good_definition[] = L"interface=7 address=10.8.0.2/24 source=192.0.2.1";

}  // namespace

TEST_CASE_FIXTURE(EmptyStore, "policy store: none is an empty policy") {
    const StoredPolicy policy = read();
    CHECK(policy.lines.empty());
    CHECK(policy.rejected.empty());
    CHECK(policy.tunnels.empty());
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: creating and deleting it twice is harmless") {
    CHECK(create_policy_store());
    CHECK(create_policy_store());
    CHECK(read().tunnels.empty());
    CHECK(delete_policy_store());
    CHECK(delete_policy_store());
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: a tunnel goes in and comes out as it was") {
    Tunnel tunnel = sample_tunnel("office.vpn-1");
    tunnel.otherwise = Otherwise::refuse;
    tunnel.publisher = current_process();
    tunnel.address6 = *parse_prefix("2001:db8:8::2/64");
    tunnel.source6 = *parse_address("2001:db8::44");
    REQUIRE(write_tunnel(tunnel));
    const StoredPolicy policy = read();
    REQUIRE(policy.tunnels.size() == 1);
    CHECK(policy.tunnels[0].rejected == "");
    CHECK(policy.tunnels[0].alive);
    CHECK(policy.tunnels[0].tunnel == tunnel);

    tunnel.otherwise = Otherwise::keep;
    REQUIRE(write_tunnel(tunnel));
    REQUIRE(read().tunnels.size() == 1);
    CHECK(read().tunnels[0].tunnel == tunnel);

    const auto erased = erase_tunnel("office.vpn-1");
    REQUIRE_MESSAGE(erased, message_of(erased));
    CHECK(erased->tunnel == tunnel);
    CHECK(read().tunnels.empty());
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: withdrawing what is not there is ERROR_FILE_NOT_FOUND") {
    for (const char* name : {"vpn", "", "..\\x", "Tunnels\\x"})
        CHECK(code_of(erase_tunnel(name)) == "ERROR_FILE_NOT_FOUND");
    REQUIRE(create_policy_store());
    CHECK(code_of(erase_tunnel("vpn")) == "ERROR_FILE_NOT_FOUND");
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: a faulty tunnel is not written") {
    Tunnel tunnel = sample_tunnel("vpn");
    tunnel.source4 = IpAddress::v4(127, 0, 0, 1);
    const auto outcome = write_tunnel(tunnel);
    CHECK(code_of(outcome) == "ERR_INVALID_TUNNEL");
    CHECK(contains(message_of(outcome), "loopback"));
    tunnel = sample_tunnel("a\\b");
    CHECK(code_of(write_tunnel(tunnel)) == "ERR_INVALID_TUNNEL");
    CHECK(read().tunnels.empty());
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: rules are read, blank lines and comments passed over") {
    put_lines(std::wstring(L"# office\0to 10.0.0.0/8 source 192.0.2.1\0\0app curl.exe keep\0\0", 60));
    const StoredPolicy policy = read();
    CHECK(policy.rejected == "");
    REQUIRE(policy.rules.size() == 2);
    CHECK(policy.rules[0].source == IpAddress::v4(192, 0, 2, 1));
    CHECK(policy.rules[1].app == "curl.exe");
}

TEST_CASE_FIXTURE(EmptyStore,
                  "policy store: garbage in Policy is rejected with a reason, and the tunnels still count") {
    put_definition(L"vpn", good_definition);
    const std::wstring line(L"to 10.0.0.0/8 keep\0\0", 20);
    const std::wstring over_long(longest_policy_value, L'x');
    const struct {
        const char* what;
        DWORD type;
        std::wstring text;
        std::size_t bytes;
        const char* reason;
    } situations[] = {
        {"a string", REG_SZ, line, 40, "REG_SZ"},
        {"a number", REG_DWORD, line, 4, "REG_DWORD"},
        {"no type", REG_NONE, line, 40, "REG_NONE"},
        {"an unheard-of type", 4711, line, 40, "another type"},
        {"half a character", REG_MULTI_SZ, line, 39, "within a character"},
        {"no end", REG_MULTI_SZ, line, 34, "zero character"},  // where a zero follows, RegSetValueEx adds it
        {"over-long", REG_MULTI_SZ, over_long, 2 * longest_policy_value, "longer than 2097152 bytes"},
        {"not a rule", REG_MULTI_SZ, std::wstring(L"keep\0to nowhere keep\0\0", 22), 44, "line 2"},
        {"ill-formed UTF-16", REG_MULTI_SZ, std::wstring(L"app \xD800 b,rn\0\0", 12), 24, "line 1"},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        write_raw(L"", L"Policy", situation.type, situation.text.data(), situation.bytes);
        const StoredPolicy policy = read();
        CHECK(contains(policy.rejected, situation.reason));
        CHECK(policy.rules.empty());
        REQUIRE(policy.tunnels.size() == 1);
        CHECK(policy.tunnels[0].rejected == "");
    }
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: an empty list has no rules") {
    for (const std::size_t bytes : {0, 2, 4}) {
        write_raw(L"", L"Policy", REG_MULTI_SZ, L"\0", bytes);
        CHECK(read().rejected == "");
        CHECK(read().lines.empty());
    }
}

TEST_CASE_FIXTURE(EmptyStore,
                  "policy store: garbage in Tunnels is rejected with a reason, and the others still count") {
    const std::wstring text = good_definition;
    const std::wstring interrupted = text + std::wstring(L"\0x", 2);
    const struct {
        const char* what;
        const wchar_t* name;
        DWORD type;
        std::wstring text;
        std::size_t bytes;
        const char* reason;
    } situations[] = {
        {"a name with a space", L"my vpn", REG_SZ, text, 2 * text.size() + 2, "name"},
        {"a name that is no ASCII", L"t\u00FCnnel", REG_SZ, text, 2 * text.size() + 2, "name"},
        {"a number", L"bad", REG_DWORD, text, 4, "REG_DWORD"},
        {"a list", L"bad", REG_MULTI_SZ, text, 2 * text.size() + 2, "REG_MULTI_SZ"},
        {"no end", L"bad", REG_SZ, text, 2 * text.size() - 2, "zero character"},
        {"half a character", L"bad", REG_SZ, text, 2 * text.size() + 1, "within a character"},
        {"a zero inside", L"bad", REG_SZ, interrupted, 2 * interrupted.size() + 2, "control character"},
        {"over-long", L"bad", REG_SZ, std::wstring(3000, L' '), 6000, "longer than 4096 bytes"},
        {"empty", L"bad", REG_SZ, L"", 2, "expected interface"},
        {"not a definition", L"bad", REG_SZ, L"evil", 10, "expected key=value"},
        {"a loopback source", L"bad", REG_SZ, L"interface=7 address=10.8.0.2/24 source=127.0.0.1", 98, "loopback"},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        CHECK(delete_policy_store());
        put_definition(L"good", good_definition);
        write_raw(std::wstring(L"Tunnels\\") + situation.name, L"Definition", situation.type, situation.text.c_str(),
                  situation.bytes);
        const StoredPolicy policy = read();
        REQUIRE(policy.tunnels.size() == 2);
        for (const StoredTunnel& tunnel : policy.tunnels) {
            CAPTURE(tunnel.rejected);
            if (tunnel.tunnel.name == "good") {
                CHECK(tunnel.rejected == "");
            } else {
                CHECK(contains(tunnel.rejected, situation.reason));
                CHECK(std::string_view(tunnel.tunnel.name) == narrow(situation.name));
            }
        }
    }
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: a subkey without a definition is rejected") {
    write_raw(L"Tunnels\\vpn", nullptr, 0, nullptr, 0);
    const StoredPolicy policy = read();
    REQUIRE(policy.tunnels.size() == 1);
    CHECK(contains(policy.tunnels[0].rejected, "Definition"));
    // It can be withdrawn all the same.
    CHECK(erase_tunnel("vpn"));
    CHECK(read().tunnels.empty());
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: no more than 64 tunnels count") {
    for (int i = 0; i < 70; ++i) put_definition(L"vpn" + std::to_wstring(i), good_definition);
    const StoredPolicy policy = read();
    REQUIRE(policy.tunnels.size() == 70);
    std::size_t good = 0;
    for (const StoredTunnel& tunnel : policy.tunnels) {
        if (tunnel.rejected.empty())
            ++good;
        else
            CHECK(contains(tunnel.rejected, "more than 64"));
    }
    CHECK(good == most_tunnels);
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: a rule's interface names are resolved, unknown ones stay unresolved") {
    put_lines(
        std::wstring(L"via \"no such interface\" keep\0source interface \"no such interface\"\0via 12 keep\0\0", 78));
    const StoredPolicy policy = read();
    REQUIRE(policy.rejected == "");
    REQUIRE(policy.rules.size() == 3);
    CHECK(policy.rules[0].via.index == 0);
    CHECK(policy.rules[0].via.text == "no such interface");
    CHECK_FALSE(policy.rules[1].source);
    CHECK(policy.rules[2].via.index == 12);
}

TEST_CASE("publisher: alive while its process runs, dead after, and not a later process of that id") {
    const Publisher self = current_process();
    CHECK(self.process_id == GetCurrentProcessId());
    CHECK(self.started != 0);
    CHECK(is_alive(self));
    CHECK(is_alive(Publisher{}));
    CHECK_FALSE(is_alive(Publisher{self.process_id, self.started - 1}));
    CHECK_FALSE(is_alive(Publisher{0x7ffffff0, 1}));

    Child child(L"child-wait");
    const Publisher publisher{child.id(), child.started()};
    CHECK(is_alive(publisher));
    child.kill();
    CHECK_FALSE(is_alive(publisher));
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: a dead publisher's tunnel is listed as dead") {
    Tunnel tunnel = sample_tunnel("vpn");
    {
        Child child(L"child-wait");
        tunnel.publisher = {child.id(), child.started()};
        REQUIRE(write_tunnel(tunnel));
        CHECK(read().tunnels.at(0).alive);
    }
    CHECK_FALSE(read().tunnels.at(0).alive);
}

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(EmptyStore,
                  "policy store: rules go in and come out, comments and order included, blank lines left out") {
    const Lines lines = {"# office", "app curl.exe to 10.0.0.0/8 keep", "  ", "",
                         "to 1.2.3.0/24 source 11.22.33.44 otherwise refuse"};
    REQUIRE(write_policy(lines));
    const StoredPolicy policy = read();
    CHECK(policy.rejected.empty());
    CHECK(policy.lines == Lines{lines[0], lines[1], lines[4]});
    REQUIRE(policy.rules.size() == 2);
    CHECK(to_string(policy.rules[1]) == lines[4]);
    REQUIRE(write_policy({}));
    CHECK(read().lines.empty());
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: what is not a policy changes nothing, and says where") {
    REQUIRE(write_policy({"keep"}));
    const struct {
        Lines lines;
        std::size_t line, column;
    } situations[] = {
        {{"keep", "to 10.0.0.0/33 keep"}, 2, 4},
        {{"# a\nkeep"}, 1, 4},
        {{std::string("# \xff")}, 1, 3},
        {{"app a source"}, 1, 13},
        {Lines(30'000, "to 10.20.30.0/24,10.20.31.0/24 keep"), 0, 0},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.lines.back());
        const auto fault = policy_fault(situation.lines);
        REQUIRE(fault);
        CHECK(fault->line == situation.line);
        CHECK(fault->column == situation.column);
        const Outcome outcome = write_policy(situation.lines);
        CHECK(code_of(outcome) == "ERR_INVALID_POLICY");
        CHECK(contains(message_of(outcome), fault->message));
        CHECK(read().lines == Lines{"keep"});
    }
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: ten thousand rules fit") {
    Lines lines;
    for (int i = 0; i < 10'000; ++i) {
        lines.push_back("to 10." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
                        ".0/24 proto tcp port 443 keep");
    }
    REQUIRE(write_policy(lines));
    CHECK(read().rules.size() == lines.size());
}

TEST_CASE_FIXTURE(EmptyStore, "policy store: a change of somebody else in between is not lost") {
    REQUIRE(write_policy({"keep"}));
    const Lines seen = read().lines;
    REQUIRE(write_policy({"refuse"}, &seen));
    CHECK(code_of(write_policy({"keep", "keep"}, &seen)) == "ERR_POLICY_CHANGED");
    CHECK(read().lines == Lines{"refuse"});
    const Lines none;
    REQUIRE(write_policy({}));
    CHECK(write_policy({"keep"}, &none));
}
