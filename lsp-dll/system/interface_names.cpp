#include "interface_names.hpp"

#include <algorithm>
#include <cwchar>

#include "../core/utf16.hpp"
#include "../core/vector.hpp"
#include "guid.hpp"
#include "host_addresses.hpp"
#include "ip_helper.hpp"

namespace lsp::system {
namespace {

std::uint32_t index_of(const NET_LUID& luid) {
    const auto function = ip_helper::convert_interface_luid_to_index.get();
    NET_IFINDEX index = 0;
    return function != nullptr && function(&luid, &index) == NO_ERROR ? index : 0;
}

constexpr std::size_t longest_alias = 256;  // characters (IF_MAX_STRING_SIZE)

// With a zero; false if the text is longer than any alias.
bool widen_alias(std::string_view text, wchar_t (&wide)[longest_alias + 1]) noexcept {
    std::size_t length = 0;
    text::to_utf16(text, [&](std::uint16_t unit) {
        if (length < longest_alias) wide[length] = static_cast<wchar_t>(unit);
        ++length;
    });
    if (length > longest_alias) return false;
    wide[length] = L'\0';
    return true;
}

// Each name is looked up once for all rules.
class InterfaceNames {
  public:
    InterfaceNames(std::span<const HostAddress> addresses, std::size_t rules) : addresses_(addresses) {
        known_.reserve(2 * rules);
    }

    std::uint32_t find(const InterfaceName& name) {
        if (!name.is_resolved()) return name.index;
        for (const Known& known : known_) {
            if (known.name->luid == name.luid && known.name->text == name.text) return known.index;
        }
        const std::uint32_t index = find_interface(name, addresses_);
        known_.push_back({&name, index});
        return index;
    }

  private:
    struct Known {
        const InterfaceName* name;
        std::uint32_t index;
    };
    static_assert(2 * sizeof(Known) <= resolving_bytes(1));
    std::span<const HostAddress> addresses_;
    Vector<Known> known_;
};

bool is_ipv6_only(const Rule& rule) {
    return !rule.to.empty() && std::all_of(rule.to.begin(), rule.to.end(),
                                           [](const Prefix& prefix) { return prefix.address.family == Family::ipv6; });
}

}  // namespace

std::uint32_t ask_for_interface(const InterfaceName& name) noexcept {
    if (!name.is_resolved()) return name.index;
    NET_LUID luid{};
    luid.Value = name.luid;
    if (name.luid != 0) return index_of(luid);
    if (const auto guid = parse_guid(name.text)) {
        const auto by_guid = ip_helper::convert_interface_guid_to_luid.get();
        return by_guid != nullptr && by_guid(&*guid, &luid) == NO_ERROR ? index_of(luid) : 0;
    }
    wchar_t wide[longest_alias + 1];
    const auto by_alias = ip_helper::convert_interface_alias_to_luid.get();
    if (by_alias == nullptr || !widen_alias(name.text, wide) || by_alias(wide, &luid) != NO_ERROR) return 0;
    return index_of(luid);
}

bool is_alias(std::wstring_view alias, const InterfaceName& name) noexcept {
    wchar_t wide[longest_alias + 1];
    if (name.text.empty() || name.luid != 0 || !widen_alias(name.text, wide)) return false;
    return std::wcslen(wide) == alias.size() && _wcsnicmp(alias.data(), wide, alias.size()) == 0;
}

bool follow_interfaces(std::span<const Rule> rules) noexcept {
    return std::any_of(rules.begin(), rules.end(),
                       [](const Rule& rule) { return rule.via.is_resolved() || rule.interface_name; });
}

bool resolve_interfaces(std::span<Rule> rules) {
    std::uint32_t ignored = 0;
    return resolve_interfaces(rules, ignored);
}

bool resolve_interfaces(std::span<Rule> rules, std::uint32_t& error) {
    error = NO_ERROR;
    if (!follow_interfaces(rules)) return false;
    HostAddresses addresses;
    error = addresses.read();
    if (error != NO_ERROR) return false;
    InterfaceNames names(addresses.all(), rules.size());
    bool changed = false;
    const auto put = [&changed](auto& place, const auto& value) {
        changed = changed || place != value;
        place = value;
    };
    for (Rule& rule : rules) {
        put(rule.via.index, names.find(rule.via));
        InterfaceName& from = rule.interface_name;
        if (!from) continue;
        put(from.index, names.find(from));
        if (rule.verdict == Verdict::through) {
            const auto own = [&](Family family) {
                const IpAddress found =
                    from.index == 0 ? IpAddress{} : interface_source(from.index, family, addresses.all());
                return found.family == family ? found : IpAddress{};
            };
            put(rule.source, own(Family::ipv4));
            put(rule.source6, own(Family::ipv6));
            continue;
        }
        // A rule for IPv6 destinations alone wants an address of that family.
        const Family family = is_ipv6_only(rule) ? Family::ipv6 : Family::ipv4;
        put(rule.source, from.index == 0 ? IpAddress{} : interface_source(from.index, family, addresses.all()));
    }
    return changed;
}

}  // namespace lsp::system
