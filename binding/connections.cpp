#include "../lsp-dll/system/connections.hpp"

#include "../lsp-dll/setup/blocks.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

using Blocks = std::map<std::string, setup::Block>;  // by path

struct Listed {
    system::ConnectionReport report;
    Blocks blocks;
};

system::Result<Listed> list_all() {
    auto report = system::list_connections();
    if (!report) return report.error();
    Listed listed{std::move(*report), {}};
    for (const Program& program : listed.report.sources->programs) {
        if (!program.path.empty()) listed.blocks.try_emplace(program.path, setup::block_of(program.path));
    }
    return listed;
}

// Writes what has a text or is null.
void set_text(Napi::Object object, const char* name, const std::string& text) {
    object.Set(name, text.empty() ? object.Env().Null() : Napi::String::New(object.Env(), text));
}

void set_rule(Napi::Object object, const system::EffectivePolicy* policy, std::int32_t number, std::uint32_t stamp) {
    const Rule* const rule = policy == nullptr ? nullptr : policy->rule_of(number, stamp);
    set_text(object, "rule", rule == nullptr ? std::string() : to_string(*rule));
    set_text(object, "tunnel", rule == nullptr ? std::string() : policy->tunnel_of(static_cast<std::size_t>(number)));
}

Napi::Object write_told(Napi::Env env, const JoinedConnection& joined, const system::EffectivePolicy* policy) {
    const RecordedDecision& told = *joined.told;
    Napi::Object object = Napi::Object::New(env);
    object.Set("time", Napi::Number::New(env, javascript_time(told.time)));
    object.Set("certain", Napi::Boolean::New(env, joined.certain));
    object.Set("verdict", Napi::String::New(env, to_string(told.verdict)));
    object.Set("reason", Napi::String::New(env, to_string(told.reason)));
    object.Set("ruleNumber", Napi::Number::New(env, told.rule));
    set_rule(object, policy, told.rule, told.policy_stamp);
    object.Set("source", write_address(env, told.source));
    object.Set("result", Napi::String::New(env, to_string(told.result)));
    return object;
}

Napi::Object write_says(Napi::Env env, const Decision& says, const system::EffectivePolicy& policy) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("verdict", Napi::String::New(env, to_string(says.verdict)));
    object.Set("reason", Napi::String::New(env, to_string(says.reason)));
    object.Set("source", write_address(env, says.source));
    object.Set("otherwise", Napi::String::New(env, to_string(says.otherwise)));
    set_text(object, "rule", says.rule < 0 ? std::string() : to_string(policy.policy.rules[says.rule]));
    set_text(object, "tunnel", says.rule < 0 ? std::string() : policy.tunnel_of(static_cast<std::size_t>(says.rule)));
    return object;
}

Napi::Value time_or_null(Napi::Env env, std::uint64_t filetime) {
    return filetime == 0 ? env.Null() : Napi::Number::New(env, javascript_time(filetime));
}

Napi::Object write_connection(Napi::Env env, const JoinedConnection& joined, const Listed& listed) {
    const Connection& connection = joined.connection;
    const system::EffectivePolicy* const policy = listed.report.policy.get();
    Napi::Object object = Napi::Object::New(env);
    object.Set("protocol", Napi::String::New(env, to_string(connection.protocol)));
    object.Set("state",
               connection.state == TcpState::none ? env.Null() : Napi::String::New(env, to_string(connection.state)));
    object.Set("localAddress", write_address(env, connection.local));
    object.Set("localPort", Napi::Number::New(env, connection.local_port));
    object.Set("remoteAddress", write_address(env, connection.remote));
    object.Set("destinationAddress", write_address(env, joined.led ? joined.told->destination : IpAddress{}));
    object.Set("destinationPort", joined.led ? Napi::Number::New(env, joined.told->port) : env.Null());
    object.Set("remotePort", connection.remote ? Napi::Number::New(env, connection.remote_port) : env.Null());
    object.Set("created", time_or_null(env, connection.created));
    object.Set("processId", Napi::Number::New(env, connection.process_id));
    const Program* const program = joined.program;
    set_text(object, "image", program == nullptr ? std::string() : program->name);
    set_text(object, "path", program == nullptr ? std::string() : program->path);
    object.Set("started", time_or_null(env, program == nullptr ? 0 : program->process.started));
    const auto block = program == nullptr ? listed.blocks.end() : listed.blocks.find(program->path);
    const bool blocked = block != listed.blocks.end() && block->second != setup::Block::none;
    set_text(object, "block", blocked ? setup::to_string(block->second) : "");
    object.Set("interfaceIndex", Napi::Number::New(env, joined.interface_index));
    const auto alias = listed.report.interfaces.find(joined.interface_index);
    set_text(object, "interfaceName", alias == listed.report.interfaces.end() ? std::string() : alias->second);
    object.Set("incoming", Napi::Boolean::New(env, joined.incoming));
    object.Set("decided", joined.told == nullptr ? env.Null() : write_told(env, joined, policy).As<Napi::Value>());
    object.Set("says", joined.says && policy != nullptr ? write_says(env, *joined.says, *policy).As<Napi::Value>()
                                                        : env.Null());
    object.Set("standing", Napi::String::New(env, to_string(joined.standing)));
    return object;
}

Napi::Value list_connections(const Napi::CallbackInfo& call) {
    return run_async(call.Env(), list_all, [](Napi::Env env, const Listed& listed) {
        const auto& all = listed.report.connections;
        Napi::Array connections = Napi::Array::New(env, all.size());
        for (std::uint32_t i = 0; i < all.size(); ++i) {
            const Napi::HandleScope scope(env);
            connections.Set(i, write_connection(env, all[i], listed));
        }
        const system::EffectivePolicy* const policy = listed.report.policy.get();
        Napi::Object object = Napi::Object::New(env);
        object.Set("connections", connections);
        object.Set("policyKnown", Napi::Boolean::New(env, policy != nullptr));
        set_text(object, "policyRejected", policy == nullptr ? std::string() : policy->rejected);
        return object;
    });
}

}  // namespace

void export_connections(Napi::Env env, Napi::Object exports) {
    exports.Set("listConnections", Napi::Function::New<list_connections>(env, "listConnections"));
}

}  // namespace lsp::binding
