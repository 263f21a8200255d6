#include "support.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocation_count = 0;

void* allocate(std::size_t size) {
    ++allocation_count;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace lsp {

std::ostream& operator<<(std::ostream& out, const IpAddress& address) {
    return out << (address ? to_string(address) : std::string("no address"));
}
std::ostream& operator<<(std::ostream& out, const Prefix& prefix) { return out << to_string(prefix); }
std::ostream& operator<<(std::ostream& out, const Rule& rule) { return out << to_string(rule); }
std::ostream& operator<<(std::ostream& out, const Tunnel& tunnel) { return out << to_string(tunnel); }
std::ostream& operator<<(std::ostream& out, Reason reason) { return out << to_string(reason); }
std::ostream& operator<<(std::ostream& out, Verdict verdict) { return out << to_string(verdict); }
std::ostream& operator<<(std::ostream& out, Otherwise otherwise) { return out << to_string(otherwise); }
std::ostream& operator<<(std::ostream& out, Protocol protocol) { return out << to_string(protocol); }

}  // namespace lsp

namespace support {

lsp::IpAddress address(std::string_view text) {
    const auto parsed = lsp::parse_address(text);
    REQUIRE_MESSAGE(parsed, std::string(text));
    return *parsed;
}

lsp::Prefix prefix(std::string_view text) {
    const auto parsed = lsp::parse_prefix(text);
    REQUIRE_MESSAGE(parsed, std::string(text));
    return *parsed;
}

lsp::Rule rule(std::string_view text) {
    auto parsed = lsp::parse_rule(text);
    const auto* const error = std::get_if<lsp::TextError>(&parsed);
    REQUIRE_MESSAGE(error == nullptr, std::string(text), ": ", error == nullptr ? "" : error->message);
    return std::get<lsp::Rule>(std::move(parsed));
}

std::size_t allocations() { return allocation_count; }

lsp::IpAddress Random::address(lsp::Family family) {
    std::uint8_t bytes[16];
    const unsigned zeros = chance(50) ? 70 : 0;
    for (std::uint8_t& b : bytes) b = chance(zeros) ? std::uint8_t{0} : byte();
    return family == lsp::Family::ipv4 ? lsp::IpAddress::v4(bytes) : lsp::IpAddress::v6(bytes);
}

lsp::IpAddress Random::host_address(lsp::Family family) {
    for (;;) {
        const lsp::IpAddress candidate = address(family);
        if (lsp::special_kind(candidate) == nullptr) return candidate;
    }
}

std::string Random::bytes(std::size_t longest) {
    std::string out(static_cast<std::size_t>(below(longest + 1)), '\0');
    for (char& c : out) c = static_cast<char>(byte());
    return out;
}

std::string Random::mutated(std::string text) {
    static constexpr std::string_view telling = " \t\",=/:.-@*#%\\0129afx\x7f\xc2\x80";
    for (std::uint64_t changes = 1 + below(4); changes > 0; --changes) {
        const std::size_t at = static_cast<std::size_t>(below(text.size() + 1));
        const char c = chance(70) ? one_of(telling) : static_cast<char>(byte());
        switch (below(5)) {
            case 0: text.insert(at, 1, c); break;
            case 1: text.erase(at, static_cast<std::size_t>(1 + below(4))); break;
            case 2:
                if (at < text.size()) text[at] = c;
                break;
            case 3: text.insert(at, text.substr(static_cast<std::size_t>(below(text.size() + 1)), 40)); break;
            default: text.resize(at); break;
        }
    }
    return text;
}

}  // namespace support
