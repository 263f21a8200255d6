#include "text.hpp"

#include "../core/readable.hpp"
#include "../core/utf16.hpp"

namespace lsp::system {

std::string narrow(std::wstring_view text) { return text::from_utf16(text.data(), text.size()); }

std::wstring widen(std::string_view text) {
    std::wstring out;
    out.reserve(text.size());
    text::to_utf16(text, [&out](std::uint16_t unit) { out += static_cast<wchar_t>(unit); });
    return out;
}

void Piece::append_to(std::string& out) const {
    if (text_ != nullptr) {
        out.append(text_, size_);
    } else if (wide_text_ != nullptr) {
        out += narrow({wide_text_, size_});
    } else {
        out += text::decimal(number_);
    }
}

std::string concat(std::initializer_list<Piece> pieces) {
    std::string out;
    for (const Piece& piece : pieces) piece.append_to(out);
    return out;
}

}  // namespace lsp::system
