#include "../lsp-dll/system/telemetry.hpp"

#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"

namespace lsp::binding {

namespace {

Napi::Value read_counters(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const system::CounterValues values = value_or_throw(env, system::read_counters(read_wide_text(call[0], "dll")));
    Napi::Object object = Napi::Object::New(env);
    for (std::uint32_t i = 0; i < counter_count; ++i) {
        object.Set(to_string(static_cast<Counter>(i)), Napi::Number::New(env, static_cast<double>(values[i])));
    }
    return object;
}

}  // namespace

void export_telemetry(Napi::Env env, Napi::Object exports) {
    exports.Set("readCounters", Napi::Function::New<read_counters>(env, "readCounters"));
}

}  // namespace lsp::binding
