#include "guid.hpp"

#include <cstring>

namespace lsp::system {
namespace {

// Where each byte of the GUID is in the text, as the number of its first digit's place.
constexpr unsigned char guid_places[16] = {7, 5, 3, 1, 12, 10, 17, 15, 20, 22, 25, 27, 29, 31, 33, 35};
constexpr std::string_view guid_form = "{........-....-....-....-............}";
constexpr char guid_digits[] = "0123456789ABCDEF";

int guid_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::string guid_text(const GUID& guid) {
    unsigned char bytes[sizeof(GUID)];
    std::memcpy(bytes, &guid, sizeof(bytes));
    std::string text(guid_form);
    for (std::size_t i = 0; i < sizeof(bytes); ++i) {
        text[guid_places[i]] = guid_digits[bytes[i] >> 4];
        text[guid_places[i] + 1u] = guid_digits[bytes[i] & 0xF];
    }
    return text;
}

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
