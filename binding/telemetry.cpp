#include "../lsp-dll/system/telemetry.hpp"

#include <algorithm>
#include <optional>

#include "../lsp-dll/system/decision_rings.hpp"
#include "../lsp-dll/system/effective_policy.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"

namespace lsp::binding {

namespace {

// The policy as it is, for the texts of recorded rules; an empty one that knows none if it cannot be read.
system::EffectivePolicy policy_now() {
    const auto stored = system::read_policy();
    return stored ? system::effective_policy(*stored) : system::EffectivePolicy{};
}

Napi::Value rule_text(Napi::Env env, const RecordedDecision& decision, const system::EffectivePolicy& policy) {
    const Rule* const rule = policy.rule_of(decision.rule, decision.policy_stamp);
    return rule == nullptr ? env.Null() : Napi::String::New(env, to_string(*rule));
}

Napi::Value number_of(Napi::Env env, std::uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

// What became of leading it to a proxy; null for what no proxy was asked for.
Napi::Value write_proxy(Napi::Env env, const RecordedDecision& decision) {
    if (!decision.proxy) return env.Null();
    Napi::Object object = Napi::Object::New(env);
    object.Set("address", write_address(env, decision.proxy));
    object.Set("port", Napi::Number::New(env, decision.proxy_port));
    object.Set("outcome", Napi::String::New(env, to_string(decision.handshake)));
    object.Set("reply", Napi::Number::New(env, decision.reply));
    object.Set("milliseconds", Napi::Number::New(env, decision.handshake_ms));
    return object;
}

Napi::Object write_decision(Napi::Env env, const RecordedDecision& decision, const system::EffectivePolicy& policy) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("number", number_of(env, decision.number));
    object.Set("time", Napi::Number::New(env, javascript_time(decision.time)));
    object.Set("processId", Napi::Number::New(env, decision.process_id));
    object.Set("image", Napi::String::New(env, decision.image));
    object.Set("protocol", Napi::String::New(env, to_string(decision.protocol)));
    object.Set("destination", write_address(env, decision.destination));
    object.Set("port", Napi::Number::New(env, decision.port));
    object.Set("incoming", Napi::Boolean::New(env, decision.incoming));
    object.Set("verdict", Napi::String::New(env, to_string(decision.verdict)));
    object.Set("reason", Napi::String::New(env, to_string(decision.reason)));
    object.Set("ruleNumber", Napi::Number::New(env, decision.rule));
    object.Set("rule", rule_text(env, decision, policy));
    object.Set("source", write_address(env, decision.source));
    object.Set("result", Napi::String::New(env, to_string(decision.result)));
    object.Set("error", Napi::Number::New(env, decision.error));
    object.Set("proxy", write_proxy(env, decision));
    return object;
}

Napi::Object write_counts(Napi::Env env, const Counts& counts) {
    Napi::Object object = Napi::Object::New(env);
    for (std::uint32_t i = 0; i < counter_count; ++i) {
        object.Set(to_string(static_cast<Counter>(i)), number_of(env, counts[i]));
    }
    return object;
}

Napi::Value read_telemetry(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const ReadCounters read = value_or_throw(env, system::read_telemetry(read_wide_text(call[0], "dll")));
    Napi::Array processes = Napi::Array::New(env);
    for (const CountsOfProcess& each : read.processes) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("processId", Napi::Number::New(env, each.process.process_id));
        object.Set("image", Napi::String::New(env, each.image));
        object.Set("running", Napi::Boolean::New(env, system::is_alive(each.process)));
        object.Set("counters", write_counts(env, each.counts));
        processes.Set(processes.Length(), object);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("total", write_counts(env, read.total));
    object.Set("processes", processes);
    return object;
}

// Of each ring those from the number on that `from` has under the ring's name.
Napi::Value read_decisions(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    Napi::Array rings = Napi::Array::New(env);
    std::optional<system::EffectivePolicy> policy;
    for (const system::DecisionRing& ring : system::read_decision_rings()) {
        const Napi::Value given = call[0].IsObject() ? call[0].As<Napi::Object>().Get(ring.name) : env.Undefined();
        const std::uint64_t from =
            given.IsNumber()
                ? static_cast<std::uint64_t>(std::clamp(given.As<Napi::Number>().DoubleValue(), 0.0, 9.0e15))
                : 0;
        Napi::Array decisions = Napi::Array::New(env);
        for (const RecordedDecision& decision : ring.read.decisions) {
            if (decision.number < from) continue;
            if (!policy) policy = policy_now();
            decisions.Set(decisions.Length(), write_decision(env, decision, *policy));
        }
        Napi::Object object = Napi::Object::New(env);
        object.Set("name", Napi::String::New(env, ring.name));
        object.Set("next", number_of(env, ring.read.next));
        object.Set("decisions", decisions);
        rings.Set(rings.Length(), object);
    }
    return rings;
}

}  // namespace

void export_telemetry(Napi::Env env, Napi::Object exports) {
    exports.Set("readTelemetry", Napi::Function::New<read_telemetry>(env, "readTelemetry"));
    exports.Set("readDecisions", Napi::Function::New<read_decisions>(env, "readDecisions"));
}

}  // namespace lsp::binding
