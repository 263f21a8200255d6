#include "../lsp-dll/system/routes.hpp"

#include "../lsp-dll/core/policy_index.hpp"
#include "../lsp-dll/setup/blocks.hpp"
#include "../lsp-dll/system/effective_policy.hpp"
#include "../lsp-dll/system/interfaces.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"

namespace lsp::binding {

namespace {

using system::BestRoute;
using system::StoredPolicy;

Napi::Object write_route(Napi::Env env, const BestRoute& route) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("interfaceIndex", Napi::Number::New(env, route.interface_index));
    object.Set("source", write_address(env, route.source));
    object.Set("nextHop", route.next_hop.is_unspecified() ? env.Null() : write_address(env, route.next_hop));
    object.Set("prefix", write_prefix(env, route.destination));
    object.Set("metric", Napi::Number::New(env, route.metric));
    object.Set("oracle", Napi::String::New(env, route.oracle));
    return object;
}

Napi::Value best_route(const Napi::CallbackInfo& call) {
    const IpAddress destination = read_address(call[0], "destination");
    return write_route(call.Env(), value_or_throw(call.Env(), system::best_route(destination)));
}

Napi::Value find_address(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const auto found = value_or_throw(env, system::find_address(read_address(call[0], "address")));
    if (!found) return env.Null();
    Napi::Object object = Napi::Object::New(env);
    object.Set("interfaceIndex", Napi::Number::New(env, found->interface_index));
    object.Set("address", write_prefix(env, found->address));
    object.Set("alias", write_text(env, found->alias));
    return object;
}

void write_rule(Napi::Env env, const system::EffectivePolicy& effective, const Decision& decision,
                Napi::Object& object) {
    object.Set("rule", env.Null());
    object.Set("tunnel", env.Null());
    if (decision.rule < 0) return;
    const auto rule = static_cast<std::size_t>(decision.rule);
    object.Set("rule", Napi::String::New(env, to_string(effective.policy.rules[rule])));
    const std::string tunnel = effective.tunnel_of(rule);
    object.Set("tunnel", tunnel.empty() ? env.Null() : Napi::String::New(env, tunnel));
}

void write_program(Napi::Env env, const StoredPolicy& stored, const std::string& app, Napi::Object& object) {
    const setup::Block block = setup::block_of(app);
    object.Set("block", block == setup::Block::none ? env.Null() : Napi::String::New(env, setup::to_string(block)));
    object.Set("policyRejected", stored.rejected.empty() ? env.Null() : Napi::String::New(env, stored.rejected));
}

// For a rule `through`: the route on its interface.
void write_way(Napi::Env env, const IpAddress& destination, const Decision& decision, Napi::Object& object) {
    object.Set("way", env.Null());
    object.Set("wayError", env.Null());
    if (decision.verdict != Verdict::through) return;
    const auto way = system::best_route_through(decision.pin_interface, destination);
    if (way) {
        object.Set("way", write_route(env, *way));
    } else {
        object.Set("wayError", to_javascript(env, way.error()).Value());
    }
}

Napi::Value explain_incoming(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const IpAddress peer = read_address(call[0], "peer");
    const std::string app = read_text(call[1], "app");
    const auto port = static_cast<std::uint16_t>(read_unsigned(call[2], "port", 65535));
    const StoredPolicy stored = value_or_throw(env, system::read_policy());
    const system::EffectivePolicy effective = system::effective_policy(stored);
    const Decision decision = decide_incoming(effective.policy, app, peer, port);
    Napi::Object object = Napi::Object::New(env);
    object.Set("verdict", Napi::String::New(env, to_string(decision.verdict)));
    object.Set("reason", Napi::String::New(env, to_string(decision.reason)));
    write_rule(env, effective, decision, object);
    write_program(env, stored, app, object);
    return object;
}

Napi::Value explain(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const IpAddress destination = read_address(call[0], "destination");
    const std::string app = read_text(call[1], "app");
    const auto port = static_cast<std::uint16_t>(read_unsigned(call[2], "port", 65535));
    const Protocol protocol = read_protocol(call[3], "protocol");

    const StoredPolicy stored = value_or_throw(env, system::read_policy());
    const system::EffectivePolicy effective = system::effective_policy(stored);
    const system::Result<BestRoute> route = system::best_route(destination.unmapped());
    const PolicyIndex index(effective.policy, app);
    // The LSP does not look for a route that no rule for the program asks about, and so does not know its source
    // either.
    const Route known = route && index.needs_route() ? Route{route->interface_index, route->source} : Route{};
    const Decision decision = index.decide(effective.policy, protocol, destination, port, known);

    Napi::Object object = Napi::Object::New(env);
    object.Set("route", route ? write_route(env, *route) : env.Null());
    object.Set("routeError", route ? env.Null() : to_javascript(env, route.error()).Value());
    object.Set("verdict", Napi::String::New(env, to_string(decision.verdict)));
    object.Set("reason", Napi::String::New(env, to_string(decision.reason)));
    const bool proxied = decision.verdict == Verdict::socks5;
    object.Set("source", proxied ? env.Null() : write_address(env, decision.source));
    object.Set("proxy", proxied ? write_address(env, decision.source) : env.Null());
    object.Set("proxyPort", Napi::Number::New(env, decision.proxy_port));
    write_way(env, destination.unmapped(), decision, object);
    object.Set("pinInterface", Napi::Number::New(env, decision.pin_interface));
    object.Set("otherwise", Napi::String::New(env, to_string(decision.otherwise)));
    write_rule(env, effective, decision, object);
    write_program(env, stored, app, object);
    return object;
}

}  // namespace

void export_routes(Napi::Env env, Napi::Object exports) {
    exports.Set("bestRoute", Napi::Function::New<best_route>(env, "bestRoute"));
    exports.Set("findAddress", Napi::Function::New<find_address>(env, "findAddress"));
    exports.Set("explainIncoming", Napi::Function::New<explain_incoming>(env, "explainIncoming"));
    exports.Set("explain", Napi::Function::New<explain>(env, "explain"));
}

}  // namespace lsp::binding
