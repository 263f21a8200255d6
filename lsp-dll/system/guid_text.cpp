#include <cstring>

#include "guid.hpp"

namespace lsp::system {

std::string guid_text(const GUID& guid) {
    unsigned char bytes[sizeof(GUID)];
    std::memcpy(bytes, &guid, sizeof(bytes));
    std::string text(guid_form);
    for (std::size_t i = 0; i < sizeof(bytes); ++i) {
        text[guid_places[i]] = "0123456789ABCDEF"[bytes[i] >> 4];
        text[guid_places[i] + 1u] = "0123456789ABCDEF"[bytes[i] & 0xF];
    }
    return text;
}

}  // namespace lsp::system
