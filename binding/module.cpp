#include <napi.h>

#include "areas.hpp"

namespace {

// MinGW-w64's delay-load thunk does not keep the XMM registers (binutils 2.40), so a function's first call loses
// arguments of type double: have it where nobody looks at the value. Of the functions that we use only this one takes
// any.
void bind_functions_with_doubles(Napi::Env env) {
    napi_value ignored = nullptr;
    napi_create_double(env, 0.0, &ignored);
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
    bind_functions_with_doubles(env);
    lsp::binding::export_cancellation(env, exports);
    lsp::binding::export_catalog(env, exports);
    lsp::binding::export_catalog_tools(env, exports);
    lsp::binding::export_connections(env, exports);
    lsp::binding::export_doctor(env, exports);
    lsp::binding::export_history(env, exports);
    lsp::binding::export_namespaces(env, exports);
    lsp::binding::export_routes(env, exports);
    lsp::binding::export_tunnels(env, exports);
    lsp::binding::export_policy(env, exports);
    lsp::binding::export_delegation(env, exports);
    lsp::binding::export_proxy(env, exports);
    lsp::binding::export_telemetry(env, exports);
    return exports;
}

}  // namespace

NODE_API_MODULE(winsock_lsp, initialise)
