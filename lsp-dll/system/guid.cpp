#include "guid.hpp"

#include <cstring>

namespace lsp::system {
namespace {

int guid_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::optional<GUID> parse_guid(std::string_view text) noexcept {
    if (text.size() != guid_form.size()) return std::nullopt;
    for (std::size_t i = 0; i < guid_form.size(); ++i) {
        if (guid_form[i] != '.' && text[i] != guid_form[i]) return std::nullopt;
    }
    unsigned char bytes[sizeof(GUID)];
    for (std::size_t i = 0; i < sizeof(bytes); ++i) {
        const int high = guid_digit(text[guid_places[i]]), low = guid_digit(text[guid_places[i] + 1u]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes[i] = static_cast<unsigned char>(high << 4 | low);
    }
    GUID guid;
    std::memcpy(&guid, bytes, sizeof(guid));
    return guid;
}

}  // namespace lsp::system
