// Errors as JavaScript sees them: an Error with `code`, `errno` (absent for this package's own) and `syscall`
// (likewise). ts/errors.ts makes an LspError of it.
#pragma once

#include <napi.h>

#include <string>
#include <utility>

#include "../lsp-dll/system/error.hpp"

namespace lsp::binding {

Napi::Error to_javascript(Napi::Env env, const system::Error& error);

// For an argument that has the right type but cannot be used: ERR_INVALID_ARG_VALUE.
Napi::Error invalid_argument(Napi::Env env, const std::string& message);

// The value, or the error thrown into JavaScript.
template <typename T>
T value_or_throw(Napi::Env env, system::Result<T> result) {
    if (!result) throw to_javascript(env, result.error());
    return std::move(*result);
}

}  // namespace lsp::binding
