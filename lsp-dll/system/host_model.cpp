#include "host_model.hpp"

#include "text.hpp"

namespace lsp::system {
namespace {

using Setting = HostModelChange::Setting;

BOOLEAN& field(MIB_IPINTERFACE_ROW& row, Setting setting) {
    return setting == Setting::weak_host_send ? row.WeakHostSend : row.WeakHostReceive;
}

DWORD read_row(const HostModelFunctions& functions, std::uint32_t interface_index, Family family,
               MIB_IPINTERFACE_ROW& row) {
    functions.initialize(&row);
    row.Family = family == Family::ipv4 ? AF_INET : AF_INET6;
    row.InterfaceIndex = interface_index;
    return functions.get(&row);
}

DWORD write_row(const HostModelFunctions& functions, MIB_IPINTERFACE_ROW& row) {
    // What GetIpInterfaceEntry gives for IPv4 here, SetIpInterfaceEntry rejects as ERROR_INVALID_PARAMETER.
    if (row.Family == AF_INET) row.SitePrefixLength = 0;
    return functions.set(&row);
}

std::string describe(const char* attempt, Setting setting, std::uint32_t interface_index, Family family) {
    return concat({attempt, setting == Setting::weak_host_send ? "WeakHostSend" : "WeakHostReceive", " on interface ",
                   interface_index, family == Family::ipv4 ? " (IPv4)" : " (IPv6)"});
}

Error host_model_error(DWORD error, const char* syscall, const std::string& attempt) {
    const char* remedy = "";
    if (error == ERROR_FILE_NOT_FOUND) error = ERROR_NOT_FOUND;  // what GetIpInterfaceEntry says of an unknown index
    if (error == ERROR_ACCESS_DENIED) remedy = "Run it from an elevated prompt.";
    if (error == ERROR_NOT_FOUND) remedy = "There is no such interface, or it does not have that protocol.";
    return system_error(error, syscall, attempt, remedy);
}

// Switches it on and appends the change, or finds it on already.
Outcome switch_on(const HostModelFunctions& functions, Setting setting, std::uint32_t interface_index, Family family,
                  std::vector<HostModelChange>& changes) {
    MIB_IPINTERFACE_ROW row{};
    DWORD error = read_row(functions, interface_index, family, row);
    const std::string attempt = describe("Cannot enable ", setting, interface_index, family);
    if (error != NO_ERROR) return host_model_error(error, "GetIpInterfaceEntry", attempt);
    if (field(row, setting)) return Done{};
    field(row, setting) = TRUE;
    error = write_row(functions, row);
    if (error != NO_ERROR) return host_model_error(error, "SetIpInterfaceEntry", attempt);
    changes.push_back({interface_index, family, setting, false});
    return Done{};
}

bool is_gone(DWORD error) { return error == ERROR_FILE_NOT_FOUND || error == ERROR_NOT_FOUND; }

}  // namespace

HostModelFunctions system_host_model() {
    HostModelFunctions functions;
    functions.initialize = ip_helper::initialize_ip_interface_entry.get();
    functions.get = ip_helper::get_ip_interface_entry.get();
    functions.set = ip_helper::set_ip_interface_entry.get();
    const bool before_vista = look_up(SystemLibrary::kernel32, "GetTickCount64") == nullptr;
    functions.weak_by_nature = before_vista || is_wine();
    return functions;
}

Result<std::vector<HostModelChange>> enable_weak_host(const HostModelFunctions& functions,
                                                      std::uint32_t source_interface, std::uint32_t tunnel_interface,
                                                      Family family) {
    std::vector<HostModelChange> changes;
    if (!functions.complete()) {
        if (functions.weak_by_nature) return changes;
        return own_error("ERR_HOST_MODEL",
                         "Cannot make the host model weak: this system has no SetIpInterfaceEntry, without which "
                         "traffic with the physical address would be dropped or leave the tunnel in clear.");
    }
    Outcome outcome = switch_on(functions, Setting::weak_host_send, source_interface, family, changes);
    if (outcome) outcome = switch_on(functions, Setting::weak_host_receive, tunnel_interface, family, changes);
    if (outcome) return changes;

    const Outcome restored = restore_host_model(functions, changes);
    if (!restored)
        outcome.error().message +=
            concat({" And what had been changed could not be put back: ", restored.error().message});
    return outcome.error();
}

Outcome restore_host_model(const HostModelFunctions& functions, const std::vector<HostModelChange>& changes) {
    Outcome first = Done{};
    if (!functions.complete()) return first;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        MIB_IPINTERFACE_ROW row{};
        const char* syscall = "GetIpInterfaceEntry";
        DWORD error = read_row(functions, change->interface_index, change->family, row);
        if (error == NO_ERROR && (field(row, change->setting) != 0) != change->before) {
            field(row, change->setting) = change->before ? TRUE : FALSE;
            syscall = "SetIpInterfaceEntry";
            error = write_row(functions, row);
        }
        if (error == NO_ERROR || is_gone(error) || !first)
            continue;  // an interface that is gone took its settings along
        first = host_model_error(error, syscall,
                                 describe("Cannot restore ", change->setting, change->interface_index, change->family));
    }
    return first;
}

Result<std::vector<HostModelChange>> enable_weak_host(std::uint32_t source_interface, std::uint32_t tunnel_interface,
                                                      Family family) {
    return enable_weak_host(system_host_model(), source_interface, tunnel_interface, family);
}

Outcome restore_host_model(const std::vector<HostModelChange>& changes) {
    return restore_host_model(system_host_model(), changes);
}

}  // namespace lsp::system
