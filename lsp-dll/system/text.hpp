// UTF-8 ⇄ UTF-16. Ill-formed input becomes U+FFFD, never an error.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "../core/string.hpp"

namespace lsp::system {

std::string narrow(std::wstring_view text);
std::wstring widen(std::string_view text);

// A piece of a message: text of either kind, or a number. Made where a message is written out, because the DLL is small
// only if that costs little: no temporary strings, nothing to destroy.
class Piece {
  public:
    Piece(const char* text) : Piece(std::string_view(text)) {}
    Piece(const std::string& text) : Piece(std::string_view(text)) {}
    Piece(const String& text) : Piece(std::string_view(text)) {}
    Piece(std::string_view text) : text_(text.data()), size_(text.size()) {}
    Piece(const wchar_t* text) : Piece(std::wstring_view(text)) {}
    Piece(const std::wstring& text) : Piece(std::wstring_view(text)) {}
    Piece(std::wstring_view text) : wide_text_(text.data()), size_(text.size()) {}
    template <std::unsigned_integral Number>
    Piece(Number number) : size_(0), number_(number) {}

    void append_to(std::string& out) const;

  private:
    const char* text_ = nullptr;
    const wchar_t* wide_text_ = nullptr;
    std::size_t size_;
    std::uint64_t number_ = 0;
};

// The pieces one after the other: numbers in decimal, everything in UTF-8.
std::string concat(std::initializer_list<Piece> pieces);

}  // namespace lsp::system
