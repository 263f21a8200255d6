#include "interface_names.hpp"

#include <algorithm>
#include <cwchar>
#include <utility>

#include "guid.hpp"
#include "ip_helper.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

std::uint32_t index_of(const NET_LUID& luid) {
    const auto function = ip_helper::convert_interface_luid_to_index.get();
    NET_IFINDEX index = 0;
    return function != nullptr && function(&luid, &index) == NO_ERROR ? index : 0;
}

// Each name is looked up once for all rules.
class InterfaceNames {
  public:
    explicit InterfaceNames(const std::vector<InterfaceAddress>& addresses) : addresses_(addresses) {}

    std::uint32_t find(const InterfaceName& name) {
        if (!name.is_resolved()) return name.index;
        for (const auto& [known, index] : known_) {
            if (known->luid == name.luid && known->text == name.text) return index;
        }
        const std::uint32_t index = find_interface(name, addresses_);
        known_.emplace_back(&name, index);
        return index;
    }

  private:
    const std::vector<InterfaceAddress>& addresses_;
    std::vector<std::pair<const InterfaceName*, std::uint32_t>> known_;
};

bool is_ipv6_only(const Rule& rule) {
    return !rule.to.empty() && std::all_of(rule.to.begin(), rule.to.end(),
                                           [](const Prefix& prefix) { return prefix.address.family == Family::ipv6; });
}

}  // namespace

std::uint32_t find_interface(const InterfaceName& name, const std::vector<InterfaceAddress>& addresses) {
    if (!name.is_resolved()) return name.index;
    NET_LUID luid{};
    luid.Value = name.luid;
    if (name.luid != 0) return index_of(luid);
    if (const auto guid = parse_guid(name.text)) {
        const auto by_guid = ip_helper::convert_interface_guid_to_luid.get();
        return by_guid != nullptr && by_guid(&*guid, &luid) == NO_ERROR ? index_of(luid) : 0;
    }
    const std::wstring wide = widen(name.text);
    const auto by_alias = ip_helper::convert_interface_alias_to_luid.get();
    if (by_alias != nullptr && by_alias(wide.c_str(), &luid) == NO_ERROR) {
        if (const std::uint32_t index = index_of(luid)) return index;
    }
    for (const InterfaceAddress& entry : addresses) {
        if (_wcsicmp(entry.alias.c_str(), wide.c_str()) == 0) return entry.interface_index;
    }
    return 0;
}

IpAddress interface_source(std::uint32_t interface_index, Family preferred,
                           const std::vector<InterfaceAddress>& addresses) {
    IpAddress other;
    for (const InterfaceAddress& entry : addresses) {
        const IpAddress& address = entry.address.address;
        if (entry.interface_index != interface_index || address.is_link_local()) continue;
        if (address.family == preferred) return address;
        if (!other) other = address;
    }
    return other;
}

IpAddress tunnel_source(const Tunnel& tunnel, std::uint32_t interface_index, Family preferred,
                        const std::vector<InterfaceAddress>& addresses) {
    const Family family = !tunnel.address4.address ? Family::ipv6 : !tunnel.address6.address ? Family::ipv4 : preferred;
    const IpAddress source = interface_source(interface_index, family, addresses);
    return source.family == family ? source : IpAddress{};
}

bool follow_interfaces(const std::vector<Rule>& rules) {
    return std::any_of(rules.begin(), rules.end(),
                       [](const Rule& rule) { return rule.via.is_resolved() || rule.source_interface; });
}

bool resolve_interfaces(std::vector<Rule>& rules) {
    if (!follow_interfaces(rules)) return false;
    const auto addresses = interface_addresses();
    if (!addresses) return false;
    InterfaceNames names(*addresses);
    bool changed = false;
    const auto put = [&changed](auto& place, const auto& value) {
        changed = changed || place != value;
        place = value;
    };
    for (Rule& rule : rules) {
        put(rule.via.index, names.find(rule.via));
        InterfaceName& from = rule.source_interface;
        if (!from) continue;
        put(from.index, names.find(from));
        // A rule for IPv6 destinations alone wants an address of that family.
        const Family family = is_ipv6_only(rule) ? Family::ipv6 : Family::ipv4;
        put(rule.source, from.index == 0 ? IpAddress{} : interface_source(from.index, family, *addresses));
    }
    return changed;
}

}  // namespace lsp::system
