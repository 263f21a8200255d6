// Errors of the system layer: what was attempted, on what, why it failed and what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lsp::system {

struct Error {
    std::string code;          // "WSAEACCES", "ERROR_ACCESS_DENIED", …; ours: "ERR_READBACK_MISMATCH" and the like
    std::uint32_t number = 0;  // the system's error number; 0 for ours
    std::string syscall;       // the Windows function that failed, e.g. "WSCInstallProvider"; empty for ours
    std::string message;       // one sentence, UTF-8: attempted what, on what object, why it failed; then the remedy
};

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& value() { return std::get<0>(state_); }
    const T& value() const { return std::get<0>(state_); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    Error& error() { return std::get<1>(state_); }
    const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<T, Error> state_;
};

struct Done {};
using Outcome = Result<Done>;

// The symbolic name of a Win32 or Winsock error number: "ERROR_FILE_NOT_FOUND", "WSAEACCES"; "ERROR_<number>" where it
// has none here.
std::string error_name(std::uint32_t number);
// The system's own text for the number (FormatMessage, English where the system has it), without a line break.
std::string error_text(std::uint32_t number);

// "<attempt>: <system text> (<name>). <remedy>"
Error system_error(std::uint32_t number, std::string_view syscall, std::string_view attempt,
                   std::string_view remedy = {});
Error own_error(std::string_view code, std::string_view message);

}  // namespace lsp::system
