#include <algorithm>
#include <cstddef>
#include <cwchar>
#include <memory>

#include "../system/catalog_functions.hpp"
#include "../system/interfaces.hpp"
#include "../system/registry.hpp"
#include "../system/text.hpp"
#include "blocks.hpp"
#include "catalog_plan.hpp"
#include "doctor.hpp"
#include "files.hpp"
#include "install_steps.hpp"
#include "native_machine.hpp"
#include "old_versions.hpp"
#include "openvpn.hpp"
#include "publishers.hpp"
#include "setup_dll.hpp"
#include "trust.hpp"
#include "tunnels/host_model.hpp"
#include "tunnels/tunnels.hpp"

namespace lsp::setup {
namespace {

CatalogFacts catalog_facts(Architecture architecture, Catalog catalog) {
    CatalogFacts facts;
    facts.architecture = architecture;
    facts.entries = std::move(catalog);
    look_at_dlls(facts.entries, architecture, facts.dlls);
    auto namespaces = enumerate_namespaces(architecture);
    if (!namespaces) return facts;
    for (const NamespaceProvider& each : *namespaces) add_dll(each.path, architecture, facts.namespace_dlls);
    facts.namespaces = std::move(*namespaces);
    return facts;
}

std::optional<bool> weak(const HostModelFunctions& functions, const HostModelSwitch& each) {
    // Not set there either (see host_model.cpp).
    if (!functions.complete() || functions.weak_by_nature || each.interface_index == 0) return std::nullopt;
    const auto on = is_on(functions, each);
    return on ? std::optional<bool>(*on) : std::nullopt;
}

// A killed publisher leaves them.
std::vector<std::string> unneeded_switches(const std::vector<StoredTunnel>& tunnels) {
    std::vector<HostModelSwitch> needed;
    for (const StoredTunnel& entry : tunnels) {
        if (!is_in_force(entry)) continue;
        for (const HostModelSwitch& each : switches_for(entry.tunnel)) needed.push_back(each);
    }
    std::vector<std::string> left;
    for (const HostModelSwitch& each : recorded_switches(system_host_model())) {
        if (!is_needed(each, needed)) left.push_back(to_string(each));
    }
    return left;
}

TunnelFacts tunnel_facts(StoredTunnel stored) {
    TunnelFacts facts;
    const Tunnel& tunnel = stored.tunnel;
    if (stored.rejected.empty()) {
        facts.interface_exists = interface_exists(tunnel.interface_index);
        const HostModelFunctions functions = system_host_model();
        for (const IpAddress& address : {tunnel.source4, tunnel.source6}) {
            if (!address) continue;
            TunnelFacts::Source source;
            source.address = address;
            const auto owner = find_address(address);
            if (owner && *owner) source.owner = (*owner)->interface_index;
            source.weak_send = weak(functions, {source.owner, address.family, HostModelSetting::weak_host_send});
            source.weak_receive =
                weak(functions, {tunnel.interface_index, address.family, HostModelSetting::weak_host_receive});
            facts.sources.push_back(source);
        }
    }
    facts.stored = std::move(stored);
    return facts;
}

OpenVpnFacts openvpn_facts(const std::wstring& registered) {
    OpenVpnFacts facts;
    facts.folder = openvpn_plugin_folder();
    if (facts.folder.empty()) return facts;
    const std::wstring plugin = facts.folder + L"\\winsock-lsp.dll";
    std::vector<unsigned char> bytes, installed;
    facts.plugin = read_file(plugin, bytes) == ERROR_SUCCESS;
    if (!facts.plugin) return facts;
    facts.same = read_file(expand_environment(registered), installed) != ERROR_SUCCESS || bytes == installed;
    facts.setup = file_exists(setup_dll_of(plugin));
    facts.replaceable_by = who_can_replace(plugin);
    return facts;
}

// Not of the keys below, of which install --publishers gives one to others.
std::string who_can_write_store() {
    RegistryKey key;
    const LONG error = key.open(HKEY_LOCAL_MACHINE, policy_store_key, READ_CONTROL);
    if (error == ERROR_FILE_NOT_FOUND) return {};
    constexpr SECURITY_INFORMATION wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    DWORD size = 0;
    if (error != ERROR_SUCCESS || RegGetKeySecurity(key.get(), wanted, nullptr, &size) != ERROR_INSUFFICIENT_BUFFER) {
        return "rights that cannot be read";
    }
    const auto memory = std::make_unique<std::max_align_t[]>(size / sizeof(std::max_align_t) + 1);
    if (RegGetKeySecurity(key.get(), wanted, memory.get(), &size) != ERROR_SUCCESS) return "rights that cannot be read";
    return who_can_replace(rights_of(memory.get()), TrustedObject::key);
}

// Whether somebody may be writing it still: an installation is done with it in seconds.
bool is_young(const WIN32_FIND_DATAW& member) {
    constexpr std::uint64_t youth = 10ull * 60 * 10'000'000;  // 100 ns each
    const auto time_of = [](const FILETIME& time) {
        return std::uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime;
    };
    FILETIME now{};
    GetSystemTimeAsFileTime(&now);
    const std::uint64_t written = time_of(member.ftLastWriteTime);
    return written <= time_of(now) && time_of(now) - written < youth;
}

// What stage_provider_dll writes before it moves it into place.
std::vector<std::wstring> leftover_files() {
    std::vector<std::wstring> files;
    const std::wstring root = staging_root();
    if (root.empty()) return files;
    for (const WIN32_FIND_DATAW& version : members_of(root)) {
        if (!is_folder(version)) continue;
        const std::wstring folder = root + L"\\" + version.cFileName;
        for (const WIN32_FIND_DATAW& member : members_of(folder)) {
            const std::wstring_view name = member.cFileName;
            const bool is_file = (member.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
            if (is_file && name.starts_with(L"new-") && name.ends_with(L".tmp") && !is_young(member))
                files.push_back(folder + L"\\" + member.cFileName);
        }
    }
    return files;
}

}  // namespace

Result<Facts> collect_facts() {
    auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    Facts facts;
    facts.catalogs.push_back(catalog_facts(native_architecture, std::move(snapshot->native)));
    if (snapshot->other) facts.catalogs.push_back(catalog_facts(Architecture::ia32, std::move(*snapshot->other)));
    facts.machine = native_machine();
    facts.over = remembered_over().value_or(Over{});
    std::wstring registered;
    for (const CatalogEntry& entry : facts.catalogs.front().entries) {
        if (is_our_layered(entry.info)) registered = entry.path;
    }
    if (!registered.empty() && facts.catalogs.size() > 1) {
        facts.unregistered_dll32 = file_exists(folder_of(expand_environment(registered)) + L"\\winsock-lsp-ia32.dll");
    }
    auto policy = read_policy();
    if (!policy) return policy.error();
    facts.policy_rejected = policy->rejected;
    facts.rule_warnings = rule_warnings(build_policy(policy->rules, {}));
    facts.policy_lines = line_grammars(policy->lines);
    facts.store_writable_by = who_can_write_store();
    const auto allowed = publishers();
    if (!allowed) return allowed.error();
    for (const Account& account : *allowed) facts.publishers.push_back(narrow(account.name));
    facts.host_model_left = unneeded_switches(policy->tunnels);
    for (StoredTunnel& tunnel : policy->tunnels) facts.tunnels.push_back(tunnel_facts(std::move(tunnel)));
    facts.openvpn = openvpn_facts(registered);
    facts.openvpn.services = openvpn_services(*allowed);
    facts.blocks = block_facts();
    facts.leftovers = leftover_files();
    return facts;
}

Outcome delete_leftover(const std::wstring& path) {
    const std::vector<std::wstring> files = leftover_files();
    const std::string attempt = concat({"Cannot delete ", path});
    if (std::find(files.begin(), files.end(), path) == files.end()) {
        return system_error(ERROR_INVALID_PARAMETER, "", attempt, "It is not what an installation left.");
    }
    if (DeleteFileW(path.c_str())) return Done{};
    return system_error(GetLastError(), "DeleteFileW", attempt);
}

Outcome publish_again(const std::string& name) {
    auto tunnels = list_tunnels();
    if (!tunnels) return tunnels.error();
    for (StoredTunnel& stored : *tunnels) {
        // With an administrator's rights nothing is set that somebody else has asked for.
        if (!stored.tunnel.delegated && _stricmp(stored.tunnel.name.c_str(), name.c_str()) == 0)
            return publish_tunnel(std::move(stored.tunnel));
    }
    return system_error(ERROR_FILE_NOT_FOUND, "", concat({"Cannot publish the tunnel ", name, " again"}));
}

}  // namespace lsp::setup
