#include "../lsp-dll/setup/tunnels/tunnels.hpp"

#include <limits>

#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"
#include "publisher.hpp"

namespace lsp::binding {

namespace {

using system::StoredTunnel;

Publisher read_publisher(const Napi::Value& value) {
    const Napi::Env env = value.Env();
    if (value.IsNumber()) {
        return value_or_throw(
            env, publisher_of(read_unsigned(value, "publisher", std::numeric_limits<std::uint32_t>::max())));
    }
    const std::string text = read_text(value, "publisher");
    if (text == "self") return system::current_process();
    if (text == "none") return {};
    throw invalid_argument(env,
                           "The argument 'publisher' must be 'self', 'none' or a process id. Received '" + text + "'");
}

void require_family(Napi::Env env, const IpAddress& address, Family family, const char* name) {
    if (address.family == family) return;
    throw invalid_argument(env, "The argument '" + std::string(name) + "' must be an " +
                                    (family == Family::ipv4 ? "IPv4" : "IPv6") + " address. Received '" +
                                    to_string(address) + "'");
}

void read_family(const Napi::Object& from, Family family, const char* address_name, const char* source_name,
                 Prefix& address, IpAddress& source) {
    if (has(from, address_name)) {
        address = read_prefix(from.Get(address_name), address_name);
        require_family(from.Env(), address.address, family, address_name);
    }
    if (has(from, source_name)) {
        source = read_address(from.Get(source_name), source_name);
        require_family(from.Env(), source, family, source_name);
    }
}

Tunnel read_tunnel(const Napi::Object& from) {
    Tunnel tunnel;
    tunnel.name = read_text(from.Get("name"), "name");
    tunnel.interface_index =
        read_unsigned(from.Get("interfaceIndex"), "interfaceIndex", std::numeric_limits<std::uint32_t>::max());
    read_family(from, Family::ipv4, "address", "source", tunnel.address4, tunnel.source4);
    read_family(from, Family::ipv6, "address6", "source6", tunnel.address6, tunnel.source6);
    tunnel.otherwise = read_otherwise(from.Get("otherwise"), "otherwise");
    tunnel.publisher = read_publisher(from.Get("publisher"));
    return tunnel;
}

Napi::Value write_text_or_null(Napi::Env env, const std::string& text) {
    if (text.empty()) return env.Null();
    return Napi::String::New(env, text);
}

Napi::Object write_tunnel(Napi::Env env, const StoredTunnel& stored) {
    const Tunnel& tunnel = stored.tunnel;
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", Napi::String::New(env, std::string(tunnel.name)));
    object.Set("interfaceIndex", Napi::Number::New(env, tunnel.interface_index));
    object.Set("address", write_prefix(env, tunnel.address4));
    object.Set("address6", write_prefix(env, tunnel.address6));
    object.Set("source", write_address(env, tunnel.source4));
    object.Set("source6", write_address(env, tunnel.source6));
    object.Set("otherwise", Napi::String::New(env, to_string(tunnel.otherwise)));
    object.Set("publisher", Napi::Number::New(env, tunnel.publisher.process_id));
    object.Set("delegated", Napi::Boolean::New(env, tunnel.delegated));
    object.Set("alive", Napi::Boolean::New(env, stored.alive));
    object.Set("rejected", write_text_or_null(env, stored.rejected));
    return object;
}

Napi::Value publish_tunnel(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [tunnel = read_tunnel(read_object(call[0], "tunnel"))] { return setup::publish_tunnel(tunnel); },
        [](Napi::Env env, system::Done) { return env.Undefined(); });
}

Napi::Value withdraw_tunnel(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [name = read_text(call[0], "name")] { return setup::withdraw_tunnel(name); },
        [](Napi::Env env, system::Done) { return env.Undefined(); });
}

Napi::Value list_tunnels(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const std::vector<StoredTunnel> tunnels = value_or_throw(env, setup::list_tunnels());
    Napi::Array result = Napi::Array::New(env, tunnels.size());
    for (std::uint32_t i = 0; i < tunnels.size(); ++i) result.Set(i, write_tunnel(env, tunnels[i]));
    return result;
}

}  // namespace

void export_tunnels(Napi::Env env, Napi::Object exports) {
    exports.Set("publishTunnel", Napi::Function::New<publish_tunnel>(env, "publishTunnel"));
    exports.Set("withdrawTunnel", Napi::Function::New<withdraw_tunnel>(env, "withdrawTunnel"));
    exports.Set("listTunnels", Napi::Function::New<list_tunnels>(env, "listTunnels"));
}

}  // namespace lsp::binding
