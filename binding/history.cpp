#include "../lsp-dll/system/catalog_log.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

constexpr std::uint32_t most_records = 10'000;

Napi::Value read_catalog_log(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [most = read_unsigned(call[0], "most", most_records)] { return system::read_catalog_log(most); },
        [](Napi::Env env, const system::CatalogLog& log) {
            Napi::Array records = Napi::Array::New(env, log.records.size());
            for (std::uint32_t i = 0; i < log.records.size(); ++i) {
                records.Set(i, Napi::String::New(env, log.records[i]));
            }
            Napi::Object object = Napi::Object::New(env);
            object.Set("exists", Napi::Boolean::New(env, log.exists));
            object.Set("enabled", log.enabled ? Napi::Boolean::New(env, *log.enabled) : env.Null());
            object.Set("records", records);
            return object;
        });
}

}  // namespace

void export_history(Napi::Env env, Napi::Object exports) {
    exports.Set("readCatalogLog", Napi::Function::New<read_catalog_log>(env, "readCatalogLog"));
}

}  // namespace lsp::binding
