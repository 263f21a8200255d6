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
    return name != nullptr ? name : concat({"ERROR_", number});
}

std::string error_text(std::uint32_t number) {
    std::wstring text = format_message(number, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US));
    if (text.empty()) text = format_message(number, 0);
    for (wchar_t& c : text) {
        if (c < L' ') c = L' ';
    }
    while (!text.empty() && (text.back() == L' ' || text.back() == L'.')) text.pop_back();
    return text.empty() ? concat({"error ", number}) : narrow(text);
}

Error system_error(std::uint32_t number, std::string_view syscall, std::string_view attempt, std::string_view remedy) {
    const std::string code = error_name(number);
    Error error =
        own_error(code, concat({attempt, ": ", error_text(number), " (", code, remedy.empty() ? ")." : "). ", remedy}));
    error.number = number;
    error.syscall = syscall;
    return error;
}

Error own_error(std::string_view code, std::string_view message) {
    Error error;
    error.code = code;
    error.message = message;
    return error;
}

}  // namespace lsp::system
