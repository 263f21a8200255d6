#include "property.hpp"

#include <cstdio>
#include <cstdlib>

#include "core/readable.hpp"
#include "core/text.hpp"

namespace fuzz {
namespace {

constexpr std::size_t longest_message = 400;

std::uint32_t mixed(std::uint32_t value) {
    value = (value ^ value >> 16U) * 0x7feb352dU;
    return (value ^ value >> 15U) * 0x846ca68bU;
}

}  // namespace

void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "PROPERTY BROKEN: %s\n", property);
    std::abort();
}

void require_message(const std::string& message) {
    require(!message.empty(), "a rejection has a message");
    require(message.size() < longest_message, "a rejection's message is short");
    require(!lsp::text::find_unprintable(message, false), "a rejection's message is printable");
}

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

std::vector<std::string> split(std::string_view text, char separator, std::size_t most) {
    std::vector<std::string> pieces;
    for (const std::string_view piece : lsp::text::split(text, separator)) {
        if (pieces.size() == most) break;
        pieces.emplace_back(piece);
    }
    return pieces;
}

FlowsNear::FlowsNear(const lsp::Vector<lsp::Rule>& rules) {
    for (const lsp::Rule& rule : rules) {
        for (const auto* list : {&rule.to, &rule.except}) prefixes_.append(list->begin(), list->end());
        ports_.append(rule.ports.begin(), rule.ports.end());
    }
}

lsp::IpAddress FlowsNear::destination(std::uint32_t choice) const {
    const std::uint32_t random = mixed(choice);
    lsp::IpAddress address = lsp::IpAddress::v4(&random);
    if (prefixes_.empty()) return address;
    const lsp::Prefix& prefix = prefixes_[random % prefixes_.size()];
    address = prefix.network();
    const unsigned bits = address.bit_length();
    const bool highest = (random >> 16U & 1U) != 0;
    for (unsigned bit = prefix.length; highest && bit < bits; ++bit)
        address.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80U >> bit % 8);
    // One beyond the edge, with the carry.
    if ((random >> 17U & 1U) != 0) {
        for (unsigned i = bits / 8; i-- > 0;) {
            address.bytes[i] = static_cast<std::uint8_t>(highest ? address.bytes[i] + 1 : address.bytes[i] - 1);
            if (address.bytes[i] != (highest ? 0x00 : 0xFF)) break;
        }
    }
    return (random >> 18U & 3U) == 0 ? address.mapped() : address;
}

std::uint16_t FlowsNear::port(std::uint32_t choice) const {
    const std::uint32_t random = mixed(choice ^ 0x5bd1e995U);
    if (ports_.empty()) return static_cast<std::uint16_t>(random);
    const lsp::PortRange range = ports_[random % ports_.size()];
    const auto edge = (random >> 16U & 1U) != 0 ? range.last : range.first;
    return static_cast<std::uint16_t>(edge + (random >> 17U) % 3 - 1);
}

}  // namespace fuzz
