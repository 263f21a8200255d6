#include "error.hpp"

#include <windows.h>

#include "error_names.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

std::wstring format_message(DWORD number, DWORD language) {
    wchar_t* text = nullptr;
    const DWORD length =
        FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
                       nullptr, number, language, reinterpret_cast<wchar_t*>(&text), 0, nullptr);
    if (length == 0 || text == nullptr) return {};
    std::wstring result(text, length);
    LocalFree(text);
    return result;
}

}  // namespace

std::string error_name(std::uint32_t number) {
    const char* const name = find_error_name(number);
    return name != nullptr ? name : "ERROR_" + std::to_string(number);
}

std::string error_text(std::uint32_t number) {
    std::wstring text = format_message(number, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US));
    if (text.empty()) text = format_message(number, 0);
    for (wchar_t& c : text) {
        if (c < L' ') c = L' ';
    }
    while (!text.empty() && (text.back() == L' ' || text.back() == L'.')) text.pop_back();
    return text.empty() ? "error " + std::to_string(number) : narrow(text);
}

Error system_error(std::uint32_t number, std::string syscall, const std::string& attempt, const std::string& remedy) {
    Error error;
    error.code = error_name(number);
    error.number = number;
    error.syscall = std::move(syscall);
    error.message = attempt + ": " + error_text(number) + " (" + error.code + ").";
    if (!remedy.empty()) error.message += " " + remedy;
    return error;
}

Error own_error(std::string code, std::string message) {
    Error error;
    error.code = std::move(code);
    error.message = std::move(message);
    return error;
}

}  // namespace lsp::system
