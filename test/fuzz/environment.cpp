// OpenVPN's environment: variables, one a line. What is understood can be published; what is not is said in a short
// line.
#include "core/openvpn_environment.hpp"
#include "core/readable.hpp"
#include "core/tunnel.hpp"
#include "property.hpp"

using namespace lsp;

namespace {

constexpr std::size_t most_variables = 64;

using Parsed = std::variant<OpenVpnTunnel, OpenVpnEnvironmentError>;

Parsed parse(const std::vector<std::string>& variables) {
    std::vector<const char*> pointers;
    for (const std::string& variable : variables) pointers.push_back(variable.c_str());
    pointers.push_back(nullptr);
    return parse_openvpn_environment(pointers.data());
}

bool same(const OpenVpnTunnel& a, const OpenVpnTunnel& b) {
    return a.device == b.device && a.device_index == b.device_index && a.address4 == b.address4 &&
           a.address6 == b.address6 && a.physical == b.physical && a.server == b.server && a.restarted == b.restarted;
}

// As the plugin publishes it (setup/tunnels/session.cpp).
void check_publication(const OpenVpnTunnel& parsed) {
    if (!parsed.physical) return;
    Tunnel tunnel;
    tunnel.name = "openvpn-1";
    tunnel.interface_index = parsed.device_index == 0 ? 1 : parsed.device_index;
    tunnel.address4 = parsed.address4;
    tunnel.address6 = parsed.address6;
    (parsed.physical.family == Family::ipv4 ? tunnel.source4 : tunnel.source6) = parsed.physical;
    fuzz::require(tunnel_fault(tunnel).empty(), "what the environment says can be published");
    const auto again = parse_tunnel(tunnel.name, to_string(tunnel));
    fuzz::require(std::holds_alternative<Tunnel>(again), "and read by every process");
    fuzz::require(std::get<Tunnel>(again) == tunnel, "as it was published");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> variables = fuzz::split(fuzz::text_of(data, size), '\n', most_variables);
    const Parsed parsed = parse(variables);
    if (const auto* const error = std::get_if<OpenVpnEnvironmentError>(&parsed)) {
        fuzz::require(!error->variable.empty(), "a rejection names its variable");
        fuzz::require_message(error->message);
        return 0;
    }
    const auto& tunnel = std::get<OpenVpnTunnel>(parsed);
    fuzz::require(tunnel.address4.address || tunnel.address6.address, "a tunnel has an address");
    fuzz::require(tunnel.device.size() < 256, "the device's name is short");
    check_publication(tunnel);

    // What is no variable, or nobody asks for, changes nothing.
    variables.insert(variables.begin(), "no_variable");
    variables.emplace_back("OPENVPN_other=1");
    const Parsed again = parse(variables);
    fuzz::require(std::holds_alternative<OpenVpnTunnel>(again) && same(std::get<OpenVpnTunnel>(again), tunnel),
                  "other variables change nothing");
    return 0;
}
