#include "host_model.hpp"

#include <algorithm>

#include "../../core/text.hpp"
#include "../../system/interfaces.hpp"
#include "../../system/platform.hpp"
#include "../../system/policy_store_keys.hpp"
#include "../../system/text.hpp"
#include "../registry_write.hpp"
#include "../security.hpp"
#include "policy_store_write.hpp"

namespace lsp::setup {

using namespace system;

namespace {

constexpr wchar_t host_model_key[] = L"HostModel";
constexpr std::size_t longest_record_name = 64;  // characters
constexpr const char* setting_names[] = {"WeakHostSend", "WeakHostReceive"};

const char* name_of(HostModelSetting setting) { return setting_names[static_cast<std::size_t>(setting)]; }

BOOLEAN& field(MIB_IPINTERFACE_ROW& row, HostModelSetting setting) {
    return setting == HostModelSetting::weak_host_send ? row.WeakHostSend : row.WeakHostReceive;
}

// The interface's number may go to another one; its LUID does not.
struct Record {
    std::uint64_t luid = 0;
    Family family = Family::ipv4;
    HostModelSetting setting = HostModelSetting::weak_host_send;

    friend bool operator==(const Record&, const Record&) = default;
};

// "1689399632855040/4/WeakHostSend"
std::wstring value_name(const Record& record) {
    return widen(concat({record.luid, "/", static_cast<unsigned>(record.family), "/", name_of(record.setting)}));
}

// Values of other names are not ours.
bool read_value_name(const std::wstring& name, Record& record) {
    const std::string text = narrow(name);
    const auto parts = text::split(text, '/');
    const auto luid = text::parse_number(parts[0], UINT64_MAX);
    if (parts.size() != 3 || !luid) return false;
    record.luid = *luid;
    record.family = parts[1] == "6" ? Family::ipv6 : Family::ipv4;
    record.setting =
        parts[2] == setting_names[1] ? HostModelSetting::weak_host_receive : HostModelSetting::weak_host_send;
    return value_name(record) == name;
}

std::wstring record_key_path() { return std::wstring(policy_store_key) + L"\\" + host_model_key; }

std::vector<Record> read_records() {
    std::vector<Record> records;
    RegistryKey key;
    if (key.open(HKEY_LOCAL_MACHINE, record_key_path().c_str(), KEY_QUERY_VALUE) != ERROR_SUCCESS) return records;
    for (DWORD i = 0;; ++i) {
        wchar_t name[longest_record_name];
        DWORD length = longest_record_name;
        const LONG error = RegEnumValueW(key.get(), i, name, &length, nullptr, nullptr, nullptr, nullptr);
        if (error == ERROR_MORE_DATA) continue;
        if (error != ERROR_SUCCESS) return records;
        Record record;
        if (read_value_name(std::wstring(name, length), record)) records.push_back(record);
    }
}

LONG write_record(const Record& record) {
    if (const Outcome created = create_policy_store(); !created) return static_cast<LONG>(created.error().number);
    RegistryKey store, key;
    LONG error = store.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_CREATE_SUB_KEY);
    // As the host model itself, it ends with the system. It inherits the store's rights.
    if (error == ERROR_SUCCESS) {
        error = create_key(key, store.get(), host_model_key, REG_OPTION_VOLATILE, KEY_SET_VALUE, nullptr);
    }
    if (error != ERROR_SUCCESS) return error;
    const DWORD before = FALSE;
    return RegSetValueExW(key.get(), value_name(record).c_str(), 0, REG_DWORD, reinterpret_cast<const BYTE*>(&before),
                          sizeof(before));
}

LONG delete_record(const Record& record) {
    RegistryKey key;
    LONG error = key.open(HKEY_LOCAL_MACHINE, record_key_path().c_str(), KEY_SET_VALUE);
    if (error == ERROR_SUCCESS) error = RegDeleteValueW(key.get(), value_name(record).c_str());
    return error == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : error;
}

// By the LUID, or where that is 0 by the index.
DWORD read_row(const HostModelFunctions& functions, std::uint64_t luid, std::uint32_t interface_index, Family family,
               MIB_IPINTERFACE_ROW& row) {
    functions.initialize(&row);
    row.Family = family == Family::ipv4 ? AF_INET : AF_INET6;
    row.InterfaceLuid.Value = luid;
    row.InterfaceIndex = interface_index;
    return functions.get(&row);
}

DWORD write_row(const HostModelFunctions& functions, MIB_IPINTERFACE_ROW& row) {
    // What GetIpInterfaceEntry gives for IPv4 here, SetIpInterfaceEntry rejects as ERROR_INVALID_PARAMETER.
    if (row.Family == AF_INET) row.SitePrefixLength = 0;
    return functions.set(&row);
}

bool is_gone(DWORD error) { return error == ERROR_FILE_NOT_FOUND || error == ERROR_NOT_FOUND; }

Error host_model_error(DWORD error, const char* syscall, const char* attempt, const HostModelSwitch& each) {
    std::string remedy;
    if (error == ERROR_FILE_NOT_FOUND) error = ERROR_NOT_FOUND;  // what GetIpInterfaceEntry says of an unknown index
    if (error == ERROR_NOT_FOUND) remedy = "There is no such interface, or it does not have that protocol.";
    if (error == ERROR_ACCESS_DENIED) {
        remedy = concat({"Run it from an elevated prompt, or have an administrator allow it there: netsh interface ",
                         each.family == Family::ipv4 ? "ipv4" : "ipv6", " set interface ", each.interface_index,
                         each.setting == HostModelSetting::weak_host_send ? " weakhostsend" : " weakhostreceive",
                         "=enabled store=active"});
    }
    return system_error(error, syscall, concat({attempt, to_string(each)}), remedy);
}

constexpr char enabling[] = "Cannot enable ";
constexpr char restoring[] = "Cannot restore ";

Outcome turn_on(const HostModelFunctions& functions, const HostModelSwitch& needed) {
    MIB_IPINTERFACE_ROW row{};
    DWORD error = read_row(functions, 0, needed.interface_index, needed.family, row);
    if (error != NO_ERROR) return host_model_error(error, "GetIpInterfaceEntry", enabling, needed);
    // A record that is there already is as good: somebody else has turned off what we had turned on.
    const LONG recorded = write_record({row.InterfaceLuid.Value, needed.family, needed.setting});
    if (recorded != ERROR_SUCCESS) {
        return host_model_error(static_cast<DWORD>(recorded), "RegSetValueExW", enabling, needed);
    }
    field(row, needed.setting) = TRUE;
    error = write_row(functions, row);
    if (error != NO_ERROR) return host_model_error(error, "SetIpInterfaceEntry", enabling, needed);
    return Done{};
}

// Back to what the record says, and the record deleted.
Outcome restore(const HostModelFunctions& functions, const Record& record, const HostModelSwitch& each) {
    MIB_IPINTERFACE_ROW row{};
    const char* syscall = "GetIpInterfaceEntry";
    DWORD error = read_row(functions, record.luid, 0, record.family, row);
    if (error == NO_ERROR && field(row, record.setting)) {
        field(row, record.setting) = FALSE;
        syscall = "SetIpInterfaceEntry";
        error = write_row(functions, row);
    }
    if (error != NO_ERROR && !is_gone(error)) return host_model_error(error, syscall, restoring, each);
    error = static_cast<DWORD>(delete_record(record));
    if (error != ERROR_SUCCESS) return host_model_error(error, "RegDeleteValueW", restoring, each);
    return Done{};
}

std::uint32_t index_of(const HostModelFunctions& functions, const Record& record) {
    MIB_IPINTERFACE_ROW row{};
    return read_row(functions, record.luid, 0, record.family, row) == NO_ERROR ? row.InterfaceIndex : 0;
}

}  // namespace

HostModelFunctions system_host_model() {
    HostModelFunctions functions;
    functions.initialize = ip_helper::initialize_ip_interface_entry.get();
    functions.get = ip_helper::get_ip_interface_entry.get();
    functions.set = ip_helper::set_ip_interface_entry.get();
    functions.weak_by_nature = !has_strong_host();
    return functions;
}

std::vector<HostModelSwitch> switches_for(const Tunnel& tunnel) {
    std::vector<HostModelSwitch> switches;
    for (const IpAddress& source : {tunnel.source4, tunnel.source6}) {
        if (!source) continue;
        const auto owner = find_address(source);
        switches.push_back(
            {owner && *owner ? (*owner)->interface_index : 0, source.family, HostModelSetting::weak_host_send});
        switches.push_back({tunnel.interface_index, source.family, HostModelSetting::weak_host_receive});
    }
    return switches;
}

Result<bool> is_on(const HostModelFunctions& functions, const HostModelSwitch& needed) {
    if (!functions.complete()) {
        if (functions.weak_by_nature) return true;
        return own_error("ERR_HOST_MODEL",
                         "Cannot make the host model weak: this system has no SetIpInterfaceEntry, without which "
                         "traffic with the physical address would be dropped or leave the tunnel in clear.");
    }
    MIB_IPINTERFACE_ROW row{};
    const DWORD error = read_row(functions, 0, needed.interface_index, needed.family, row);
    if (error != NO_ERROR) return host_model_error(error, "GetIpInterfaceEntry", "Cannot look at ", needed);
    return field(row, needed.setting) != FALSE;
}

bool are_on(const HostModelFunctions& functions, const std::vector<HostModelSwitch>& needed) {
    return std::all_of(needed.begin(), needed.end(), [&](const HostModelSwitch& each) {
        const auto on = is_on(functions, each);
        return on && *on;
    });
}

bool is_needed(const HostModelSwitch& recorded, const std::vector<HostModelSwitch>& needed) {
    return std::any_of(needed.begin(), needed.end(), [&](HostModelSwitch each) {
        if (each.interface_index == 0) each.interface_index = recorded.interface_index;
        return each == recorded;
    });
}

Outcome turn_on(const HostModelFunctions& functions, const std::vector<HostModelSwitch>& needed) {
    for (const HostModelSwitch& each : needed) {
        const auto on = is_on(functions, each);
        if (!on) return on.error();
        if (*on) continue;
        if (Outcome turned = turn_on(functions, each); !turned) return turned;
    }
    return Done{};
}

Outcome restore_host_model(const HostModelFunctions& functions, const std::vector<HostModelSwitch>& needed) {
    Outcome first = Done{};
    if (!functions.complete()) return first;
    for (const Record& record : read_records()) {
        const HostModelSwitch each{index_of(functions, record), record.family, record.setting};
        if (is_needed(each, needed)) continue;
        Outcome restored = restore(functions, record, each);
        if (!restored && first) first = std::move(restored);
    }
    return first;
}

std::vector<HostModelSwitch> recorded_switches(const HostModelFunctions& functions) {
    std::vector<HostModelSwitch> switches;
    if (!functions.complete()) return switches;
    for (const Record& record : read_records()) {
        switches.push_back({index_of(functions, record), record.family, record.setting});
    }
    return switches;
}

std::string to_string(const HostModelSwitch& each) {
    return concat({name_of(each.setting), " on interface ", each.interface_index,
                   each.family == Family::ipv4 ? " (IPv4)" : " (IPv6)"});
}

}  // namespace lsp::setup
