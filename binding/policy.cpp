#include <limits>

#include "../lsp-dll/setup/rule_warnings.hpp"
#include "../lsp-dll/setup/tunnels/policy_store_write.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

using Lines = std::vector<std::string>;

Lines read_lines(const Napi::Value& value, const char* name) {
    if (!value.IsArray())
        throw invalid_argument(value.Env(), "The argument '" + std::string(name) + "' must be an array of strings");
    const auto array = value.As<Napi::Array>();
    Lines lines(array.Length());
    for (std::uint32_t i = 0; i < array.Length(); ++i) lines[i] = read_text(array.Get(i), name);
    return lines;
}

Napi::Array write_lines(Napi::Env env, const Lines& lines) {
    Napi::Array result = Napi::Array::New(env, lines.size());
    for (std::uint32_t i = 0; i < lines.size(); ++i) result.Set(i, Napi::String::New(env, lines[i]));
    return result;
}

// What of the rule this host does not have: an interface's name, or null.
Napi::Value missing_interface(Napi::Env env, const Rule& rule) {
    const auto shown = [&](const InterfaceName& name) {
        if (!name.text.empty()) return Napi::String::New(env, std::string(name.text));
        return Napi::String::New(env, std::to_string(name.luid != 0 ? name.luid : name.index));
    };
    if (rule.via && rule.via.index == 0) return shown(rule.via);
    if (rule.interface_name && !rule.source && !rule.source6) return shown(rule.interface_name);
    return env.Null();
}

// What of the rule this version does not know, or null.
Napi::Value unknown_part(Napi::Env env, const Rule& rule) {
    switch (rule.unknown) {
        case Unknown::nothing: break;
        case Unknown::action: return Napi::String::New(env, "action");
        case Unknown::incoming: return Napi::String::New(env, "incoming");
    }
    return env.Null();
}

// Whether the rule refuses what it matches while the host does not have it; else it matches nothing then.
bool refuses_meanwhile(const Rule& rule) {
    return rule.interface_name && !rule.source && !rule.source6 && rule.otherwise == Otherwise::refuse &&
           (!rule.via || rule.via.index != 0);
}

Napi::Value read_policy(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const system::StoredPolicy stored = value_or_throw(env, system::read_policy());
    Napi::Array missing = Napi::Array::New(env, stored.rules.size());
    Napi::Array refusing = Napi::Array::New(env, stored.rules.size());
    Napi::Array unknown = Napi::Array::New(env, stored.rules.size());
    for (std::uint32_t i = 0; i < stored.rules.size(); ++i) {
        missing.Set(i, missing_interface(env, stored.rules[i]));
        refusing.Set(i, Napi::Boolean::New(env, refuses_meanwhile(stored.rules[i])));
        unknown.Set(i, unknown_part(env, stored.rules[i]));
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("lines", write_lines(env, stored.lines));
    object.Set("missingInterfaces", missing);
    object.Set("refusing", refusing);
    object.Set("unknown", unknown);
    object.Set("rejected", stored.rejected.empty() ? env.Null() : Napi::String::New(env, stored.rejected));
    return object;
}

// What is to be said of the stored rules, by rule from 0.
Napi::Value policy_warnings(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const system::StoredPolicy stored = value_or_throw(env, system::read_policy());
    Napi::Array warnings = Napi::Array::New(env);
    for (const setup::RuleWarning& each : setup::rule_warnings(build_policy(stored.rules, {}))) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("kind", Napi::String::New(env, setup::to_string(each.kind)));
        object.Set("rule", Napi::Number::New(env, static_cast<double>(each.rule)));
        object.Set("message", Napi::String::New(env, each.message));
        warnings.Set(warnings.Length(), object);
    }
    return warnings;
}

Napi::Value policy_fault(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const auto fault = setup::policy_fault(read_lines(call[0], "lines"));
    if (!fault) return env.Null();
    Napi::Object object = Napi::Object::New(env);
    object.Set("line", Napi::Number::New(env, static_cast<double>(fault->line)));
    object.Set("column", Napi::Number::New(env, static_cast<double>(fault->column)));
    object.Set("message", Napi::String::New(env, fault->message));
    return object;
}

Napi::Value write_policy(const Napi::CallbackInfo& call) {
    const bool any = call[1].IsUndefined();
    return run_async(
        call.Env(),
        [lines = read_lines(call[0], "lines"), expected = any ? Lines() : read_lines(call[1], "expected"), any] {
            return setup::write_policy(lines, any ? nullptr : &expected);
        },
        [](Napi::Env env, system::Done) { return env.Undefined(); });
}

}  // namespace

void export_policy(Napi::Env env, Napi::Object exports) {
    exports.Set("readPolicy", Napi::Function::New<read_policy>(env, "readPolicy"));
    exports.Set("policyWarnings", Napi::Function::New<policy_warnings>(env, "policyWarnings"));
    exports.Set("policyFault", Napi::Function::New<policy_fault>(env, "policyFault"));
    exports.Set("writePolicy", Napi::Function::New<write_policy>(env, "writePolicy"));
}

}  // namespace lsp::binding
