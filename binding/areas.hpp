// What each file of this folder adds to the addon's exports. ts/native.ts is the contract, in TypeScript.
#pragma once

#include <napi.h>

namespace lsp::binding {

void export_cancellation(Napi::Env env, Napi::Object exports);
void export_catalog(Napi::Env env, Napi::Object exports);
void export_connections(Napi::Env env, Napi::Object exports);
void export_catalog_tools(Napi::Env env, Napi::Object exports);
void export_doctor(Napi::Env env, Napi::Object exports);
void export_history(Napi::Env env, Napi::Object exports);
void export_namespaces(Napi::Env env, Napi::Object exports);
void export_routes(Napi::Env env, Napi::Object exports);
void export_tunnels(Napi::Env env, Napi::Object exports);
void export_policy(Napi::Env env, Napi::Object exports);
void export_delegation(Napi::Env env, Napi::Object exports);
void export_proxy(Napi::Env env, Napi::Object exports);
void export_telemetry(Napi::Env env, Napi::Object exports);

}  // namespace lsp::binding
