#include "openvpn_environment.hpp"

#include <array>
#include <optional>
#include <utility>

#include "readable.hpp"
#include "text.hpp"

namespace lsp {
namespace {

using text::shown;

constexpr std::size_t longest_value = 255;

enum Variable : std::size_t {
    dev,
    dev_idx,
    ifconfig_local,
    ifconfig_netmask,
    ifconfig_remote,
    ifconfig_ipv6_local,
    ifconfig_ipv6_netbits,
    clientip,
    trusted_ip,
    trusted_ip6,
    script_context,
    variable_count
};

constexpr std::array<std::string_view, variable_count> names{
    "dev",
    "dev_idx",
    "ifconfig_local",
    "ifconfig_netmask",
    "ifconfig_remote",
    "ifconfig_ipv6_local",
    "ifconfig_ipv6_netbits",
    "OPENVPN_clientip",  // OpenVPN puts OPENVPN_ before every name that `setenv-safe` sets
    "trusted_ip",
    "trusted_ip6",
    "script_context",
};

// TUN_ADAPTER_INDEX_INVALID of OpenVPN, which it writes as a signed number: it has opened no adapter itself.
constexpr std::string_view no_device_index = "-1";

constexpr const char* clientip_remedy = "; check the server's push \"setenv-safe clientip ADDRESS\", or do not push it";

const char* name_of(Family family) { return family == Family::ipv4 ? "IPv4" : "IPv6"; }

// Each step answers false once it has left its reason in `error_`.
class EnvironmentParser {
  public:
    explicit EnvironmentParser(const char* const* environment) {
        for (; environment != nullptr && *environment != nullptr; ++environment) {
            const std::string_view entry = *environment;
            const std::size_t equals = entry.find('=');
            if (equals == std::string_view::npos) continue;
            for (std::size_t v = 0; v < variable_count; ++v) {
                if (entry.substr(0, equals) == names[v]) values_[v] = entry.substr(equals + 1);
            }
        }
    }

    std::variant<OpenVpnTunnel, OpenVpnEnvironmentError> parse() {
        if (plain() && device() && tunnel4() && tunnel6() && any_address() && server() && physical()) {
            return std::move(tunnel_);
        }
        return std::move(error_);
    }

  private:
    bool fail(Variable variable, std::string message) {
        error_ = {std::string(names[variable]), std::move(message)};
        return false;
    }

    bool plain() {
        for (std::size_t v = 0; v < variable_count; ++v) {
            const auto variable = static_cast<Variable>(v);
            auto& value = values_[v];
            if (variable == clientip && value && value->empty()) value.reset();
            if (!value) continue;
            if (value->empty()) return fail(variable, "the value is empty");
            if (value->size() > longest_value) {
                return fail(variable, "expected at most " + text::decimal(longest_value) + " bytes, found " +
                                          text::decimal(value->size()));
            }
            if (const auto bad = text::find_unprintable(*value, false)) {
                return fail(variable, bad->control ? "the value has control characters" : "the value is not UTF-8");
            }
        }
        return true;
    }

    bool device() {
        tunnel_.device = values_[dev].value_or(std::string_view());
        tunnel_.restarted = values_[script_context] == "restart";
        if (!values_[dev_idx] || *values_[dev_idx] == no_device_index) return true;
        const auto index = text::parse_number(*values_[dev_idx], UINT32_MAX - 1);
        if (!index) return fail(dev_idx, "expected an interface index, found " + shown(*values_[dev_idx]));
        tunnel_.device_index = static_cast<std::uint32_t>(*index);
        return true;
    }

    // An absent variable leaves `address` without a family.
    bool read(Variable variable, Family family, IpAddress& address, const char* remedy = "") {
        if (!values_[variable]) return true;
        const auto parsed = parse_address(*values_[variable]);
        const std::string expected = std::string("expected an ") + name_of(family) + " address, found ";
        if (!parsed) return fail(variable, expected + shown(*values_[variable]) + remedy);
        if (parsed->family != family) {
            return fail(variable,
                        expected + "the " + name_of(parsed->family) + " address " + to_string(*parsed) + remedy);
        }
        address = *parsed;
        return true;
    }

    // An address that the tunnel interface can have.
    bool host_address(Variable variable, const IpAddress& address) {
        const char* const kind = special_kind(address);
        if (kind == nullptr || address.is_link_local()) return true;
        return fail(variable, "expected the tunnel's address, found " + to_string(address) + ", " + kind);
    }

    bool tunnel4() {
        IpAddress local;
        IpAddress netmask;
        IpAddress remote;
        if (!read(ifconfig_local, Family::ipv4, local) || !read(ifconfig_netmask, Family::ipv4, netmask) ||
            !read(ifconfig_remote, Family::ipv4, remote)) {
            return false;
        }
        std::optional<std::uint8_t> length = 32;
        if (netmask) {
            length = netmask_length(netmask);
            if (!length || *length == 0) {
                return fail(ifconfig_netmask,
                            "expected a contiguous netmask such as 255.255.255.0, found " + to_string(netmask));
            }
        }
        if (!local) return true;
        if (!host_address(ifconfig_local, local)) return false;
        if (!netmask && !remote) {
            return fail(
                ifconfig_local,
                "found an address without ifconfig_netmask or ifconfig_remote; check OpenVPN's \"ifconfig\" and "
                "\"topology\"");
        }
        tunnel_.address4 = {local, *length};
        if (const char* const place = subnet_kind(tunnel_.address4, local)) {
            return fail(ifconfig_local,
                        "expected the tunnel's address, found " + to_string(local) + ", " + place + " of its subnet");
        }
        return true;
    }

    bool tunnel6() {
        std::optional<std::uint64_t> bits;
        if (values_[ifconfig_ipv6_netbits] &&
            !read_bits(ifconfig_ipv6_netbits, *values_[ifconfig_ipv6_netbits], bits)) {
            return false;
        }
        if (!values_[ifconfig_ipv6_local]) return true;
        // Some versions of OpenVPN write "address/bits" here.
        const std::string_view given = *values_[ifconfig_ipv6_local];
        const std::size_t slash = given.find('/');
        values_[ifconfig_ipv6_local] = given.substr(0, slash);
        IpAddress local;
        if (!read(ifconfig_ipv6_local, Family::ipv6, local) || !host_address(ifconfig_ipv6_local, local)) return false;
        if (slash != std::string_view::npos) {
            const auto separate = bits;
            if (!read_bits(ifconfig_ipv6_local, given.substr(slash + 1), bits)) return false;
            if (separate && separate != bits) {
                return fail(ifconfig_ipv6_local, "found the prefix length " + text::decimal(*bits) +
                                                     ", but ifconfig_ipv6_netbits says " + text::decimal(*separate));
            }
        }
        if (!bits) {
            return fail(ifconfig_ipv6_netbits,
                        "expected the prefix length of ifconfig_ipv6_local, found nothing; check "
                        "OpenVPN's \"ifconfig-ipv6\"");
        }
        tunnel_.address6 = {local, static_cast<std::uint8_t>(*bits)};
        return true;
    }

    bool read_bits(Variable variable, std::string_view value, std::optional<std::uint64_t>& bits) {
        bits = text::parse_number(value, 128);
        if (bits && *bits != 0) return true;
        return fail(variable, "expected a prefix length from 1 to 128, found " + shown(value));
    }

    bool any_address() {
        if (tunnel_.address4.address || tunnel_.address6.address) return true;
        return fail(ifconfig_local,
                    "expected the tunnel's address here or in ifconfig_ipv6_local, found neither; has the tunnel an "
                    "address (\"ifconfig\", or pushed by the server) and is this called after --up?");
    }

    bool server() {
        IpAddress server6;
        if (values_[trusted_ip]) {
            // A dual-stack socket may name an IPv4 peer in its mapped form.
            const auto mapped = parse_address(*values_[trusted_ip]);
            if (mapped && mapped->is_v4_mapped()) {
                tunnel_.server = mapped->unmapped();
            } else if (!read(trusted_ip, Family::ipv4, tunnel_.server)) {
                return false;
            }
        }
        if (!read(trusted_ip6, Family::ipv6, server6)) return false;
        if (!tunnel_.server) tunnel_.server = server6.unmapped();
        return true;
    }

    bool physical() {
        if (!values_[clientip]) return true;
        const auto parsed = parse_address(*values_[clientip]);
        if (!parsed) return fail(clientip, "expected an address, found " + shown(*values_[clientip]) + clientip_remedy);
        const IpAddress address = parsed->unmapped();
        const Prefix& same_family = address.family == Family::ipv4 ? tunnel_.address4 : tunnel_.address6;
        const Family other = address.family == Family::ipv4 ? Family::ipv6 : Family::ipv4;
        if (!same_family.address) {
            return fail(clientip, std::string("expected an ") + name_of(other) + " address, for the tunnel has only " +
                                      name_of(other) + ", found the " + name_of(address.family) + " address " +
                                      to_string(address) + clientip_remedy);
        }
        if (const char* const kind = special_kind(address)) {
            return fail(clientip, "expected the client's physical address, found " + to_string(address) + ", " + kind +
                                      clientip_remedy);
        }
        if (address == same_family.address) {
            return fail(clientip, "expected the client's physical address, found the tunnel's own, " +
                                      to_string(address) + clientip_remedy);
        }
        if (const char* const place = subnet_kind(same_family, address)) {
            return fail(clientip, "expected the client's physical address, found " + to_string(address) + ", " + place +
                                      " of the tunnel's subnet" + clientip_remedy);
        }
        tunnel_.physical = address;
        return true;
    }

    std::array<std::optional<std::string_view>, variable_count> values_;
    OpenVpnTunnel tunnel_;
    OpenVpnEnvironmentError error_;
};

}  // namespace

std::variant<OpenVpnTunnel, OpenVpnEnvironmentError> parse_openvpn_environment(const char* const* environment) {
    return EnvironmentParser(environment).parse();
}

}  // namespace lsp
