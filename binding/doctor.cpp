#include "../lsp-dll/setup/doctor.hpp"

#include "../lsp-dll/setup/tunnels/tunnels.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

using setup::Fix;
using setup::Severity;

const char* severity_text(Severity severity) {
    switch (severity) {
        case Severity::info: return "info";
        case Severity::warning: return "warning";
        case Severity::error: break;
    }
    return "error";
}

const char* fix_text(Fix fix) {
    switch (fix) {
        case Fix::none: break;
        case Fix::install: return "install";
        case Fix::install_anew: return "install_anew";
        case Fix::clear_tunnel: return "clear_tunnel";
        case Fix::clear_delegated_tunnel: return "clear_delegated_tunnel";
        case Fix::publish_again: return "publish_again";
        case Fix::restore_host_model: return "restore_host_model";
        case Fix::delete_file: return "delete_file";
    }
    return "none";
}

Napi::Object write_finding(Napi::Env env, const setup::Finding& finding) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("code", Napi::String::New(env, finding.code));
    object.Set("severity", Napi::String::New(env, severity_text(finding.severity)));
    object.Set("message", Napi::String::New(env, finding.message));
    object.Set("remedy", Napi::String::New(env, finding.remedy));
    object.Set("fix", Napi::String::New(env, fix_text(finding.fix)));
    object.Set("subject", Napi::String::New(env, finding.subject));
    return object;
}

Napi::Value text_or_null(Napi::Env env, const std::wstring& text) {
    if (text.empty()) return env.Null();
    return write_text(env, text);
}

Napi::Value diagnose(const Napi::CallbackInfo& call) {
    const auto work = []() -> system::Result<setup::Diagnosis> {
        const auto facts = setup::collect_facts();
        if (!facts) return facts.error();
        return setup::diagnose(*facts);
    };
    return run_async(call.Env(), work, [](Napi::Env env, const setup::Diagnosis& diagnosis) {
        Napi::Array findings = Napi::Array::New(env, diagnosis.findings.size());
        for (std::uint32_t i = 0; i < diagnosis.findings.size(); ++i) {
            findings.Set(i, write_finding(env, diagnosis.findings[i]));
        }
        Napi::Object object = Napi::Object::New(env);
        object.Set("findings", findings);
        object.Set("installed", Napi::Boolean::New(env, diagnosis.installed));
        object.Set("dll", text_or_null(env, diagnosis.dll));
        object.Set("dll32", text_or_null(env, diagnosis.dll32));
        object.Set("covers32", Napi::Boolean::New(env, diagnosis.covers32));
        return object;
    });
}

Napi::Value nothing(Napi::Env env, const system::Done&) { return env.Undefined(); }

Napi::Value clear_tunnel(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(),
        [name = read_text(call[0], "tunnel"), delegated = call[1].ToBoolean().Value()] {
            return setup::clear_tunnel(name, delegated);
        },
        nothing);
}

Napi::Value publish_again(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [name = read_text(call[0], "tunnel")] { return setup::publish_again(name); }, nothing);
}

Napi::Value restore_host_model(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [] { return setup::restore_host_model(); }, nothing);
}

Napi::Value delete_leftover(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [path = read_wide_text(call[0], "path")] { return setup::delete_leftover(path); }, nothing);
}

}  // namespace

void export_doctor(Napi::Env env, Napi::Object exports) {
    exports.Set("diagnose", Napi::Function::New<diagnose>(env, "diagnose"));
    exports.Set("clearTunnel", Napi::Function::New<clear_tunnel>(env, "clearTunnel"));
    exports.Set("publishAgain", Napi::Function::New<publish_again>(env, "publishAgain"));
    exports.Set("restoreHostModel", Napi::Function::New<restore_host_model>(env, "restoreHostModel"));
    exports.Set("deleteLeftover", Napi::Function::New<delete_leftover>(env, "deleteLeftover"));
}

}  // namespace lsp::binding
