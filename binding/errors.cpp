#include "errors.hpp"

namespace lsp::binding {

Napi::Error to_javascript(Napi::Env env, const system::Error& error) {
    Napi::Error result = Napi::Error::New(env, error.message);
    result.Set("code", Napi::String::New(env, error.code));
    if (error.number != 0) result.Set("errno", Napi::Number::New(env, error.number));
    if (!error.syscall.empty()) result.Set("syscall", Napi::String::New(env, error.syscall));
    return result;
}

Napi::Error invalid_argument(Napi::Env env, const std::string& message) {
    Napi::Error result = Napi::TypeError::New(env, message);
    result.Set("code", Napi::String::New(env, "ERR_INVALID_ARG_VALUE"));
    return result;
}

}  // namespace lsp::binding
