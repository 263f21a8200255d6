// A text that owns its bytes, for a DLL that has no exceptions and no C++ run time. As vector.hpp where memory is out.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "vector.hpp"

namespace lsp {

class String {
  public:
    constexpr String() noexcept = default;
    // Of anything that is a std::string_view.
    template <typename Text>
    requires(std::convertible_to<const Text&, std::string_view> && !std::same_as<Text, String>)
        String(const Text& text) {
        append(text);
    }
    String(const String& other) { append(other); }
    String(String&& other) noexcept = default;
    String& operator=(const String& other) {
        if (this != &other) assign(other);
        return *this;
    }
    String& operator=(String&& other) noexcept = default;
    template <typename Text>
    requires(std::convertible_to<const Text&, std::string_view> && !std::same_as<Text, String>) String& operator=(
        const Text& text) {
        assign(text);
        return *this;
    }

    operator std::string_view() const noexcept { return {data(), size()}; }
    // To std::string where there is one.
    template <typename Text>
    requires(std::constructible_from<Text, const char*, std::size_t>&& std::copyable<Text> &&
             !std::same_as<Text, std::string_view> && requires(Text text) { text.push_back('c'); })
    operator Text() const {
        return Text(data(), size());
    }

    bool empty() const noexcept { return size() == 0; }
    std::size_t size() const noexcept { return bytes_.empty() ? 0 : bytes_.size() - 1; }
    const char* data() const noexcept { return c_str(); }
    const char* c_str() const noexcept { return bytes_.empty() ? "" : bytes_.data(); }
    const char* begin() const noexcept { return data(); }
    const char* end() const noexcept { return data() + size(); }
    char operator[](std::size_t i) const noexcept { return bytes_[i]; }

    void clear() noexcept { bytes_.clear(); }
    bool reserve(std::size_t size) { return bytes_.reserve(size + 1); }

    // False if there is no memory for it; then nothing has changed.
    bool assign(std::string_view text) {
        if (!reserve(text.size())) return false;
        bytes_.clear();
        return append(text);
    }
    // `text` is no part of this one, unless there is room.
    bool append(std::string_view text) {
        if (text.empty()) return true;
        if (!reserve(size() + text.size())) return false;
        if (!bytes_.empty()) bytes_.pop_back();
        return bytes_.append(text.begin(), text.end()) && bytes_.push_back('\0');
    }
    bool push_back(char c) {
        if (bytes_.empty()) {
            // What was reserved is enough.
            return (bytes_.capacity() >= 2 || bytes_.reserve(16)) && bytes_.push_back(c) && bytes_.push_back('\0');
        }
        if (!bytes_.push_back('\0')) return false;
        bytes_[bytes_.size() - 2] = c;
        return true;
    }
    String& operator+=(std::string_view text) {
        append(text);
        return *this;
    }
    String& operator+=(char c) {
        push_back(c);
        return *this;
    }

    friend bool operator==(const String& a, const String& b) noexcept {
        return std::string_view(a) == std::string_view(b);
    }
    friend bool operator==(const String& a, std::string_view b) noexcept { return std::string_view(a) == b; }
    friend bool operator==(const String& a, const char* b) noexcept { return std::string_view(a) == b; }

  private:
    Vector<char> bytes_;  // and a zero, unless there are none
};

}  // namespace lsp
