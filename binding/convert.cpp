#include "convert.hpp"

#include <cmath>
#include <optional>

#include "../lsp-dll/core/readable.hpp"
#include "../lsp-dll/system/text.hpp"
#include "errors.hpp"

namespace lsp::binding {

namespace {

// Node's own wording and code (lib/internal/errors.js).
Napi::Error invalid_type(Napi::Env env, const char* name, const char* expected) {
    Napi::Error error = Napi::TypeError::New(env, "The \"" + std::string(name) + "\" argument must be " + expected);
    error.Set("code", Napi::String::New(env, "ERR_INVALID_ARG_TYPE"));
    return error;
}

Napi::Error invalid_value(Napi::Env env, const char* name, const std::string& received, const char* expected) {
    return invalid_argument(
        env, "The argument '" + std::string(name) + "' must be " + expected + ". Received '" + received + "'");
}

}  // namespace

std::string read_text(const Napi::Value& value, const char* name) {
    if (!value.IsString()) throw invalid_type(value.Env(), name, "of type string");
    return value.As<Napi::String>().Utf8Value();
}

std::wstring read_wide_text(const Napi::Value& value, const char* name) {
    std::wstring text = system::widen(read_text(value, name));
    if (text.find(L'\0') != std::wstring::npos) {
        throw invalid_argument(value.Env(),
                               "The argument '" + std::string(name) + "' must be a string without null bytes");
    }
    return text;
}

std::uint32_t read_unsigned(const Napi::Value& value, const char* name, std::uint32_t maximum) {
    if (!value.IsNumber()) throw invalid_type(value.Env(), name, "of type number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= 0) || number > maximum || number != std::floor(number)) {
        throw invalid_value(value.Env(), name, value.ToString().Utf8Value(),
                            ("an integer from 0 to " + std::to_string(maximum)).c_str());
    }
    return static_cast<std::uint32_t>(number);
}

IpAddress read_address(const Napi::Value& value, const char* name) {
    const std::string text = read_text(value, name);
    const std::optional<IpAddress> address = parse_address(text);
    if (!address) throw invalid_value(value.Env(), name, text, "an IPv4 or IPv6 address");
    return *address;
}

Prefix read_prefix(const Napi::Value& value, const char* name) {
    const std::string text = read_text(value, name);
    const std::optional<Prefix> prefix = parse_prefix(text);
    if (!prefix) throw invalid_value(value.Env(), name, text, "an address with a prefix length, such as '10.8.0.2/24'");
    return *prefix;
}

std::vector<std::wstring> read_wide_texts(const Napi::Value& value, const char* name) {
    if (!value.IsArray()) {
        throw invalid_argument(value.Env(), "The argument '" + std::string(name) + "' must be an array of strings");
    }
    const auto array = value.As<Napi::Array>();
    std::vector<std::wstring> texts;
    for (std::uint32_t i = 0; i < array.Length(); ++i) texts.push_back(read_wide_text(array.Get(i), name));
    return texts;
}

Protocol read_protocol(const Napi::Value& value, const char* name) {
    const std::string text = read_text(value, name);
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::raw}) {
        if (text == to_string(protocol)) return protocol;
    }
    throw invalid_value(value.Env(), name, text, "one of: 'tcp', 'udp', 'raw'");
}

Otherwise read_otherwise(const Napi::Value& value, const char* name) {
    const std::string text = read_text(value, name);
    for (const Otherwise otherwise : {Otherwise::keep, Otherwise::refuse}) {
        if (text == to_string(otherwise)) return otherwise;
    }
    throw invalid_value(value.Env(), name, text, "one of: 'keep', 'refuse'");
}

system::Architecture read_architecture(const Napi::Value& value) {
    if (value.IsUndefined()) return system::native_architecture;
    const std::string text = read_text(value, "architecture");
    if (text == "x64") return system::Architecture::x64;
    if (text == "ia32") return system::Architecture::ia32;
    throw invalid_value(value.Env(), "architecture", text, "one of: 'x64', 'ia32'");
}

Napi::Object read_object(const Napi::Value& value, const char* name) {
    if (!value.IsObject()) throw invalid_type(value.Env(), name, "of type object");
    return value.As<Napi::Object>();
}

bool has(const Napi::Object& object, const char* name) { return object.Has(name) && !object.Get(name).IsUndefined(); }

Napi::Value write_path(Napi::Env env, const std::wstring& path) {
    if (path.empty()) return env.Null();
    return write_text(env, path);
}

double javascript_time(std::uint64_t filetime) {
    constexpr double ticks_per_ms = 10'000.0;
    constexpr double between_epochs_ms = 11'644'473'600'000.0;
    return static_cast<double>(filetime) / ticks_per_ms - between_epochs_ms;
}

Napi::String write_text(Napi::Env env, std::wstring_view text) { return Napi::String::New(env, system::narrow(text)); }

Napi::Value write_address(Napi::Env env, const IpAddress& address) {
    if (!address) return env.Null();
    return Napi::String::New(env, to_string(address));
}

Napi::Value write_prefix(Napi::Env env, const Prefix& prefix) {
    if (!prefix.address) return env.Null();
    return Napi::String::New(env, to_string(prefix));
}

}  // namespace lsp::binding
