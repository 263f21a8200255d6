#include "setup/tunnels/host_model.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>

#include "children.hpp"
#include "filtered_token.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "setup/tunnels/tunnels.hpp"
#include "support.hpp"
#include "system/interfaces.hpp"

using namespace lsp;
using namespace lsp::setup;
using namespace lsp::system;

namespace {

using Setting = HostModelSetting;
using Log = std::vector<std::string>;

constexpr std::uint64_t luid_of(std::uint32_t index) { return std::uint64_t{6} << 48 | index << 24; }

// Stands in for the system's three functions: rows by interface and family, a log of what was set, errors to give, and
// something to do before a row is set. The policy store, the addresses and the tunnels are the real ones.
struct HostModelDouble {
    std::map<std::pair<std::uint64_t, ADDRESS_FAMILY>, MIB_IPINTERFACE_ROW> rows;
    Log log;
    std::map<ULONG, DWORD> errors_on_set;  // by interface
    void (*before_set)(const HostModelDouble&) = nullptr;
};
HostModelDouble* active = nullptr;

void WINAPI initialize(MIB_IPINTERFACE_ROW* row) { *row = MIB_IPINTERFACE_ROW{}; }

MIB_IPINTERFACE_ROW* find_row(const MIB_IPINTERFACE_ROW& wanted) {
    for (auto& [key, row] : active->rows) {
        const bool by_luid = wanted.InterfaceLuid.Value != 0;
        const bool same = by_luid ? row.InterfaceLuid.Value == wanted.InterfaceLuid.Value
                                  : row.InterfaceIndex == wanted.InterfaceIndex;
        if (same && row.Family == wanted.Family) return &row;
    }
    return nullptr;
}

DWORD WINAPI get(MIB_IPINTERFACE_ROW* row) {
    const MIB_IPINTERFACE_ROW* const found = find_row(*row);
    if (found == nullptr) return ERROR_FILE_NOT_FOUND;
    *row = *found;
    return NO_ERROR;
}

DWORD WINAPI set(MIB_IPINTERFACE_ROW* row) {
    // As Windows does.
    if (row->Family == AF_INET && row->SitePrefixLength != 0) return ERROR_INVALID_PARAMETER;
    MIB_IPINTERFACE_ROW* const stored = find_row(*row);
    if (stored == nullptr) return ERROR_FILE_NOT_FOUND;
    if (const auto error = active->errors_on_set.find(stored->InterfaceIndex); error != active->errors_on_set.end()) {
        return error->second;
    }
    if (active->before_set != nullptr) active->before_set(*active);
    active->log.push_back(std::to_string(row->InterfaceIndex) + " send=" + std::to_string(row->WeakHostSend) +
                          " receive=" + std::to_string(row->WeakHostReceive));
    stored->WeakHostSend = row->WeakHostSend;
    stored->WeakHostReceive = row->WeakHostReceive;
    return NO_ERROR;
}

// A host of a physical interface, which owns an address, and a tunnel interface, as the loopback one stands in for it.
struct Host : HostModelDouble {
    const HostModelFunctions functions{&initialize, &get, &set, false};
    InterfaceAddress physical;
    std::uint32_t tunnel_interface = 0;

    Host() {
        active = this;
        REQUIRE(delete_policy_store());
        const auto addresses = interface_addresses();
        REQUIRE(addresses);
        for (const InterfaceAddress& entry : *addresses) {
            if (entry.address.address.family != Family::ipv4) continue;
            if (entry.address.address.is_loopback()) {
                tunnel_interface = entry.interface_index;
            } else {
                physical = entry;
            }
        }
        REQUIRE(tunnel_interface != 0);
        for (const std::uint32_t index : {physical.interface_index, tunnel_interface}) add_interface(index);
    }
    ~Host() { CHECK(delete_policy_store()); }

    void add_interface(std::uint32_t index) {
        for (const ADDRESS_FAMILY family : {AF_INET, AF_INET6}) {
            MIB_IPINTERFACE_ROW row{};
            row.InterfaceIndex = index;
            row.InterfaceLuid.Value = luid_of(index);
            row.Family = family;
            row.SitePrefixLength = 64;
            row.Metric = 25;
            rows[{luid_of(index), family}] = row;
        }
    }
    MIB_IPINTERFACE_ROW& row(std::uint32_t index, ADDRESS_FAMILY family = AF_INET) {
        return rows.at({luid_of(index), family});
    }
    bool send() { return row(physical.interface_index).WeakHostSend != FALSE; }
    bool receive() { return row(tunnel_interface).WeakHostReceive != FALSE; }
    HostModelSwitch send_switch() const { return {physical.interface_index, Family::ipv4, Setting::weak_host_send}; }
    HostModelSwitch receive_switch() const { return {tunnel_interface, Family::ipv4, Setting::weak_host_receive}; }

    Tunnel tunnel(const char* name = "vpn") const {
        Tunnel result = sample_tunnel(name);
        result.interface_index = tunnel_interface;
        result.source4 = physical.address.address;
        return result;
    }
    Outcome publish(const Tunnel& published) const { return publish_tunnel(functions, published); }
    Outcome withdraw(const char* name) const { return withdraw_tunnel(functions, name); }
    std::vector<HostModelSwitch> recorded() const { return recorded_switches(functions); }

    bool usable() const {
        if (physical.interface_index == 0) MESSAGE("this host has no IPv4 network");
        return physical.interface_index != 0;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Host, "weak host: publishing turns on send for the source's interface and receive for the tunnel's") {
    if (!usable()) return;
    const auto published = publish(tunnel());
    REQUIRE_MESSAGE(published, message_of(published));
    CHECK(log == Log{std::to_string(physical.interface_index) + " send=1 receive=0",
                     std::to_string(tunnel_interface) + " send=0 receive=1"});
    CHECK(recorded().size() == 2);
    CHECK_FALSE(row(physical.interface_index, AF_INET6).WeakHostSend);
    CHECK(row(physical.interface_index).Metric == 25);
    CHECK(withdraw("vpn"));
    CHECK_FALSE(send());
    CHECK_FALSE(receive());
    CHECK(recorded().empty());
}

TEST_CASE_FIXTURE(Host, "weak host: each switch is recorded before it is set, and the tunnel published after both") {
    if (!usable()) return;
    before_set = [](const HostModelDouble& host) {
        CHECK(recorded_switches({&initialize, &get, &set, false}).size() == host.log.size() + 1);
        CHECK(list_tunnels()->empty());
    };
    CHECK(publish(tunnel()));
    CHECK(log.size() == 2);
    before_set = nullptr;
}

TEST_CASE_FIXTURE(Host, "weak host: what is on already is neither set nor ever turned off") {
    if (!usable()) return;
    row(physical.interface_index).WeakHostSend = TRUE;
    row(tunnel_interface).WeakHostReceive = TRUE;
    CHECK(publish(tunnel()));
    CHECK(recorded().empty());
    CHECK(withdraw("vpn"));
    CHECK(log.empty());
}

TEST_CASE_FIXTURE(Host, "weak host: a tunnel whose second switch fails is not published, and the first is put back") {
    if (!usable()) return;
    errors_on_set[tunnel_interface] = ERROR_ACCESS_DENIED;
    const auto published = publish(tunnel());
    REQUIRE_FALSE(published);
    CHECK(published.error().code == "ERROR_ACCESS_DENIED");
    CHECK(published.error().syscall == "SetIpInterfaceEntry");
    CHECK(contains(published.error().message, "WeakHostReceive on interface " + std::to_string(tunnel_interface)));
    CHECK(contains(published.error().message, "netsh interface ipv4 set interface " + std::to_string(tunnel_interface) +
                                                  " weakhostreceive=enabled"));
    CHECK_FALSE(send());
    CHECK(list_tunnels()->empty());
    CHECK(recorded().empty());
}

TEST_CASE_FIXTURE(Host, "weak host: without the right to set it a tunnel is published where the switches are on") {
    if (!usable()) return;
    errors_on_set = {{physical.interface_index, ERROR_ACCESS_DENIED}, {tunnel_interface, ERROR_ACCESS_DENIED}};
    CHECK(code_of(publish(tunnel())) == "ERROR_ACCESS_DENIED");
    row(physical.interface_index).WeakHostSend = TRUE;
    CHECK(code_of(publish(tunnel())) == "ERROR_ACCESS_DENIED");
    row(tunnel_interface).WeakHostReceive = TRUE;
    CHECK(publish(tunnel()));
}

TEST_CASE_FIXTURE(Host,
                  "weak host: without elevation nothing is restored; withdrawing and publishing are good even so") {
    if (!usable()) return;
    CHECK(publish(tunnel("first")));
    CHECK(publish(tunnel("second")));
    errors_on_set = {{physical.interface_index, ERROR_ACCESS_DENIED}, {tunnel_interface, ERROR_ACCESS_DENIED}};
    {
        const FilteredToken filtered;
        for (const char* name : {"first", "second"}) {
            const auto withdrawn = withdraw(name);
            CHECK_MESSAGE(withdrawn, message_of(withdrawn));
        }
        CHECK(list_tunnels()->empty());
        // The message is of what failed, not of what this user cannot put back.
        row(tunnel_interface).WeakHostReceive = FALSE;
        const auto refused = publish(tunnel());
        CHECK(code_of(refused) == "ERROR_ACCESS_DENIED");
        CHECK_FALSE(contains(message_of(refused), "put back"));
    }
    CHECK(recorded().size() == 2);  // for one who may
    errors_on_set.clear();
    CHECK(publish(tunnel("third")));
    CHECK(withdraw("third"));
    CHECK_FALSE(send());
    CHECK_FALSE(receive());
    CHECK(recorded().empty());
}

TEST_CASE_FIXTURE(Host, "weak host: two tunnels over one physical interface, whichever goes first") {
    if (!usable()) return;
    for (const bool first_goes_first : {true, false}) {
        CAPTURE(first_goes_first);
        CHECK(publish(tunnel("first")));
        CHECK(publish(tunnel("second")));
        CHECK(recorded().size() == 2);  // the second found them on: they are ours, and were off
        CHECK(withdraw(first_goes_first ? "first" : "second"));
        CHECK(send());
        CHECK(receive());
        CHECK(withdraw(first_goes_first ? "second" : "first"));
        CHECK_FALSE(send());
        CHECK_FALSE(receive());
        CHECK(recorded().empty());
    }
}

// Its publisher publishes it anew when the address is back; until then nobody knows what it needs.
TEST_CASE_FIXTURE(Host, "weak host: a tunnel whose source is gone for the moment keeps what it has") {
    if (!usable()) return;
    CHECK(publish(tunnel("first")));
    Tunnel first = tunnel("first");
    first.source4 = IpAddress::v4(192, 0, 2, 77);  // as if the host had lost it since
    CHECK(write_tunnel(first));
    CHECK(publish(tunnel("second")));
    CHECK(withdraw("second"));
    CHECK(send());
    CHECK(receive());
    CHECK(recorded().size() == 2);
    CHECK(withdraw("first"));
    CHECK_FALSE(send());
    CHECK_FALSE(receive());
    CHECK(recorded().empty());
}

TEST_CASE_FIXTURE(Host, "weak host: publishing again and again keeps what was there before the first") {
    if (!usable()) return;
    for (int i = 0; i < 3; ++i) CHECK(publish(tunnel()));
    CHECK(log.size() == 2);
    CHECK(withdraw("vpn"));
    CHECK_FALSE(send());
}

// As with an adapter that is disabled and enabled, or replugged: it comes back with the same address, and the switch
// off.
TEST_CASE_FIXTURE(Host, "weak host: what somebody else turned off is seen, turned on again, and restored to off") {
    if (!usable()) return;
    const std::vector<HostModelSwitch> needed = switches_for(tunnel());
    CHECK_FALSE(are_on(functions, needed));
    CHECK(publish(tunnel()));
    CHECK(are_on(functions, needed));
    for (BOOLEAN* off : {&row(physical.interface_index).WeakHostSend, &row(tunnel_interface).WeakHostReceive}) {
        *off = FALSE;
        CHECK_FALSE(are_on(functions, needed));
        CHECK(publish(tunnel()));
        CHECK(are_on(functions, needed));
    }
    CHECK(send());
    CHECK(withdraw("vpn"));
    CHECK_FALSE(send());
}

TEST_CASE_FIXTURE(Host, "weak host: what a killed publisher left is restored by whoever withdraws or publishes next") {
    if (!usable()) return;
    for (const bool by_publishing : {true, false}) {
        CAPTURE(by_publishing);
        const std::uint32_t other_interface = 999'000;
        add_interface(other_interface);
        {
            Child child(L"child-wait");
            Tunnel dead = tunnel("dead");
            dead.publisher = {child.id(), child.started()};
            CHECK(publish(dead));
            child.kill();
        }
        CHECK(send());
        // It had been at another interface's switch when it was killed: recorded, set, and no tunnel written.
        CHECK(turn_on(functions, {{other_interface, Family::ipv4, Setting::weak_host_send}}));
        CHECK(row(other_interface).WeakHostSend);
        CHECK(recorded().size() == 3);
        if (by_publishing) {
            CHECK(publish(tunnel()));
            CHECK(send());  // still needed, and still ours
            CHECK(recorded().size() == 2);
        } else {
            CHECK(write_tunnel(tunnel()));
        }
        CHECK(withdraw("vpn"));
        CHECK(list_tunnels()->empty());
        CHECK_FALSE(row(other_interface).WeakHostSend);
        CHECK_FALSE(send());
        CHECK_FALSE(receive());
        CHECK(recorded().empty());
        rows.clear();
        for (const std::uint32_t index : {physical.interface_index, tunnel_interface}) add_interface(index);
    }
}

TEST_CASE_FIXTURE(Host, "weak host: IPv6 is switched for IPv6") {
    CHECK(turn_on(functions, {{tunnel_interface, Family::ipv6, Setting::weak_host_receive}}));
    CHECK(row(tunnel_interface, AF_INET6).WeakHostReceive);
    CHECK_FALSE(row(tunnel_interface).WeakHostReceive);
    CHECK(restore_host_model(functions, {}));
    CHECK_FALSE(row(tunnel_interface, AF_INET6).WeakHostReceive);
}

TEST_CASE_FIXTURE(Host, "weak host: restoring goes on after an error, tells the first, and keeps that record") {
    const HostModelSwitch first{tunnel_interface, Family::ipv4, Setting::weak_host_receive};
    add_interface(999'000);
    CHECK(turn_on(functions, {first, {999'000, Family::ipv4, Setting::weak_host_send}}));
    errors_on_set[tunnel_interface] = ERROR_GEN_FAILURE;
    CHECK(code_of(restore_host_model(functions, {})) == "ERROR_GEN_FAILURE");
    CHECK_FALSE(row(999'000).WeakHostSend);
    CHECK(recorded() == std::vector<HostModelSwitch>{first});
    errors_on_set.clear();
    CHECK(restore_host_model(functions, {}));
    CHECK_FALSE(receive());
}

TEST_CASE_FIXTURE(Host, "weak host: an interface that went away needs no restoring") {
    CHECK(turn_on(functions, {receive_switch()}));
    rows.erase({luid_of(tunnel_interface), AF_INET});
    CHECK(recorded().at(0).interface_index == 0);
    CHECK(restore_host_model(functions, {}));
    CHECK(recorded().empty());
}

TEST_CASE_FIXTURE(Host, "weak host: another interface that gets the number of one that went away is left alone") {
    CHECK(turn_on(functions, {receive_switch()}));
    MIB_IPINTERFACE_ROW other = row(tunnel_interface);
    rows.erase({luid_of(tunnel_interface), AF_INET});
    other.InterfaceLuid.Value = luid_of(12345);
    rows[{luid_of(12345), AF_INET}] = other;
    log.clear();
    CHECK(restore_host_model(functions, {}));
    CHECK(log.empty());
}

TEST_CASE_FIXTURE(Host, "weak host: an interface that is not there is ERROR_NOT_FOUND, and nothing is recorded") {
    const auto outcome = turn_on(functions, {{77'777, Family::ipv4, Setting::weak_host_send}});
    CHECK(code_of(outcome) == "ERROR_NOT_FOUND");
    CHECK(contains(message_of(outcome), "WeakHostSend on interface 77777"));
    CHECK(recorded().empty());
}

TEST_CASE_FIXTURE(Host, "weak host: values in the store that are no record are passed over") {
    CHECK(turn_on(functions, {receive_switch()}));
    const DWORD zero = 0;
    for (const wchar_t* name : {L"", L"garbage", L"1//", L"1/4/WeakHost", L"01/4/WeakHostSend", L"1/5/WeakHostSend",
                                L"1/4/WeakHostSend/", L"99999999999999999999/4/WeakHostSend"}) {
        write_raw(L"HostModel", name, REG_DWORD, &zero, sizeof(zero));
    }
    write_raw(L"HostModel", std::wstring(200, L'x').c_str(), REG_DWORD, &zero, sizeof(zero));
    CHECK(recorded() == std::vector<HostModelSwitch>{receive_switch()});
    CHECK(restore_host_model(functions, {}));
    CHECK_FALSE(receive());
}

TEST_CASE_FIXTURE(Host, "weak host: without SetIpInterfaceEntry only a weak system is good") {
    Tunnel homeless = tunnel();
    homeless.source4 = IpAddress::v4(192, 0, 2, 77);
    CHECK_FALSE(are_on(functions, switches_for(homeless)));
    HostModelFunctions none;
    CHECK_FALSE(are_on(none, {receive_switch()}));
    CHECK(code_of(turn_on(none, {receive_switch()})) == "ERR_HOST_MODEL");
    none.weak_by_nature = true;
    CHECK(are_on(none, {receive_switch()}));
    CHECK(turn_on(none, {receive_switch()}));
    CHECK(recorded().empty());
    CHECK(restore_host_model(none, {}));
}
