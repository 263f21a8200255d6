#include "../lsp-dll/setup/namespaces.hpp"

#include "../lsp-dll/system/guid.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"

namespace lsp::binding {

namespace {

Napi::Object write_namespace(Napi::Env env, const setup::NamespaceProvider& provider) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("id", Napi::String::New(env, system::guid_text(provider.id)));
    object.Set("name", write_text(env, provider.name));
    object.Set("namespace", Napi::Number::New(env, provider.name_space));
    object.Set("version", Napi::Number::New(env, provider.version));
    object.Set("active", Napi::Boolean::New(env, provider.active));
    object.Set("path", write_text(env, provider.path));
    object.Set("identifier", write_text(env, provider.identifier));
    object.Set("storesServiceClasses", Napi::Boolean::New(env, provider.stores_service_classes));
    return object;
}

Napi::Value enumerate_namespaces(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const auto providers = value_or_throw(env, setup::enumerate_namespaces(read_architecture(call[0])));
    Napi::Array result = Napi::Array::New(env, providers.size());
    for (std::uint32_t i = 0; i < providers.size(); ++i) result.Set(i, write_namespace(env, providers[i]));
    return result;
}

}  // namespace

void export_namespaces(Napi::Env env, Napi::Object exports) {
    exports.Set("enumerateNamespaces", Napi::Function::New<enumerate_namespaces>(env, "enumerateNamespaces"));
}

}  // namespace lsp::binding
