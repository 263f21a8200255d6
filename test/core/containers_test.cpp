#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "core/loaded_policy.hpp"
#include "core/readable.hpp"
#include "core/string.hpp"
#include "core/vector.hpp"
#include "memory.hpp"

using namespace lsp;
using test_memory::ArenaInUse;

TEST_CASE("a Vector grows, copies, moves and compares as a list does") {
    Vector<String> list{"a", "b"};
    for (int i = 0; i < 100; ++i) list.push_back(list[static_cast<std::size_t>(i) % 2]);
    CHECK(list.size() == 102);
    CHECK(list.back() == "b");
    Vector<String> copy = list;
    CHECK(copy == list);
    copy.pop_back();
    CHECK_FALSE(copy == list);
    const Vector<String> moved = std::move(copy);
    CHECK(moved.size() == 101);
    CHECK(list.resize(3));
    CHECK(list.size() == 3);
    CHECK(list.resize(5));
    CHECK(list[4].empty());
    list.clear();
    CHECK(list.empty());
}

TEST_CASE("a String holds any bytes, ends with a zero and is a std::string_view and a std::string") {
    String text(std::string_view("a\0b", 3));
    text += 'c';
    text += "de";
    CHECK(text.size() == 6);
    CHECK(std::string_view(text) == std::string_view("a\0bcde", 6));
    CHECK(text.c_str()[6] == '\0');
    const std::string copy = text;
    CHECK(copy.size() == 6);
    CHECK(String().c_str() == std::string());
    String other = text;
    other = "x";
    CHECK(other == "x");
    CHECK_FALSE(other == text);
}

TEST_CASE("where memory is out nothing grows, nothing is written beyond, and the arena remembers it") {
    ArenaInUse in_use(64);
    Vector<std::uint64_t> list;
    std::size_t taken = 0;
    for (std::uint64_t i = 0; i < 100; ++i) taken += list.push_back(i) ? 1 : 0;
    CHECK(taken == list.size());
    CHECK(taken < 8);
    for (std::size_t i = 0; i < list.size(); ++i) CHECK(list[i] == i);
    CHECK(in_use.arena().exhausted());
    CHECK_FALSE(list.resize(1000));
    CHECK_FALSE(list.reserve(std::size_t{1} << 40));
    CHECK(list.size() == taken);
    const Vector<std::uint64_t> copy = list;
    CHECK(copy.size() <= list.size());
    String text;
    CHECK_FALSE(text.assign(std::string(100, 'x')));
    CHECK(text.empty());
    in_use.arena().reset();
    CHECK(in_use.arena().exhausted());
}

TEST_CASE("of an arena the last allocation is taken back, others stay") {
    alignas(8) unsigned char block[64];
    Arena arena(block, sizeof(block));
    void* const first = arena.allocate(5);
    void* const second = arena.allocate(8);
    CHECK(arena.used() == 16);
    arena.release(first, 5);
    CHECK(arena.used() == 16);
    arena.release(second, 8);
    CHECK(arena.used() == 8);
    CHECK(arena.allocate(56) == second);
    CHECK_FALSE(arena.exhausted());
    CHECK(arena.allocate(1) == nullptr);
    CHECK(arena.exhausted());
    CHECK(arena.allocate(SIZE_MAX) == nullptr);
    arena.release(nullptr, 8);
}

namespace {

std::vector<unsigned char> value_of(const std::vector<std::string>& lines) { return stored_rules(lines); }

Tunnel both_families() {
    Tunnel tunnel;
    tunnel.name = "t";
    tunnel.interface_index = 2;
    tunnel.address4 = {IpAddress::v4(10, 8, 0, 2), 24};
    tunnel.source4 = IpAddress::v4(192, 0, 2, 1);
    tunnel.address6 = *parse_prefix("2001:db8::2/64");
    tunnel.source6 = *parse_address("2001:db8:1::1");
    return tunnel;
}

// False if that part of the bound was too little.
bool fits(const std::vector<std::string>& lines, std::size_t tunnels, std::size_t part = 1) {
    const std::vector<unsigned char> bytes = value_of(lines);
    const StoredBytes stored{static_cast<std::uint32_t>(ValueType::lines), bytes};
    const RulesBound bound = bound_rules(stored);
    String line;
    line.reserve(bound.longest_line);
    const Tunnel tunnel = both_families();
    LoadedPolicy loaded;
    ArenaInUse in_use(loaded_bytes(bound, tunnels) / part);
    Fault fault;
    load_rules(stored, bound, tunnels, line, loaded, fault);
    for (std::size_t i = 0; i < tunnels; ++i) load_tunnel(tunnel, loaded);
    load_index("C:\\Programs\\curl.exe", loaded);
    const bool good = !in_use.arena().exhausted();
    LoadedPolicy(std::move(loaded));  // while its memory is there
    return good;
}

}  // namespace

TEST_CASE("a policy takes no more memory than is told before it is loaded") {
    const std::vector<std::string> dense[] = {
        {},
        std::vector<std::string>(1000, "keep"),
        std::vector<std::string>(300, "port 1-65534,1-65534,7-10 keep"),
        std::vector<std::string>(300, "to ::,::,:: except ::,:: port 1,2,3,1-65534 refuse"),
        std::vector<std::string>(300, "app a via b source interface c"),
        std::vector<std::string>(300, "app \"\"\"\" to 10.0.0.0/8 source 192.0.2.1 otherwise refuse"),
        {"to 10.0.0.0/8 refuse", "# a comment", "", "port 0-65535 keep"},
    };
    for (const auto& lines : dense) {
        for (const std::size_t tunnels : {0, 1, 80}) CHECK(fits(lines, tunnels));
    }
    // The arena is what holds it: a part of that does not.
    CHECK_FALSE(fits(std::vector<std::string>(1000, "keep"), 0, 2));
}
