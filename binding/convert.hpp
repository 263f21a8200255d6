// Between JavaScript's values and ours. ts/ has checked the types already; what arrives here otherwise is still an
// error, never a crash.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../lsp-dll/core/address.hpp"
#include "../lsp-dll/core/rule.hpp"
#include "../lsp-dll/system/catalog.hpp"

namespace lsp::binding {

// Each throws ERR_INVALID_ARG_TYPE or ERR_INVALID_ARG_VALUE; `name` is the argument as the caller knows it.
std::string read_text(const Napi::Value& value, const char* name);
std::wstring read_wide_text(const Napi::Value& value, const char* name);
std::vector<std::wstring> read_wide_texts(const Napi::Value& value, const char* name);
std::uint32_t read_unsigned(const Napi::Value& value, const char* name, std::uint32_t maximum);
IpAddress read_address(const Napi::Value& value, const char* name);
Prefix read_prefix(const Napi::Value& value, const char* name);
Protocol read_protocol(const Napi::Value& value, const char* name);
Otherwise read_otherwise(const Napi::Value& value, const char* name);
// This process's own if it is undefined.
system::Architecture read_architecture(const Napi::Value& value);
Napi::Object read_object(const Napi::Value& value, const char* name);
// True for a property that is there and is not undefined.
bool has(const Napi::Object& object, const char* name);

// Milliseconds since 1970, as JavaScript's Date has it, of a FILETIME.
double javascript_time(std::uint64_t filetime);
Napi::String write_text(Napi::Env env, std::wstring_view text);
// Null if it is empty.
Napi::Value write_path(Napi::Env env, const std::wstring& path);
// Null for Family::none.
Napi::Value write_address(Napi::Env env, const IpAddress& address);
Napi::Value write_prefix(Napi::Env env, const Prefix& prefix);
template <typename Number>
Napi::Array write_numbers(Napi::Env env, const std::vector<Number>& numbers) {
    Napi::Array result = Napi::Array::New(env, numbers.size());
    for (std::uint32_t i = 0; i < numbers.size(); ++i) result.Set(i, Napi::Number::New(env, numbers[i]));
    return result;
}

}  // namespace lsp::binding
