#include "doctor.hpp"

#include <algorithm>
#include <cwchar>

#include "../system/guid.hpp"
#include "../system/text.hpp"
#include "catalog_plan.hpp"
#include "native_machine.hpp"

namespace lsp::setup {
namespace {

constexpr char repair_remedy[] = "Run: winsock-lsp doctor --fix";
constexpr char restore_remedy[] = "Restore a backup (winsock-lsp restore FILE), or as last resort: netsh winsock reset";
constexpr char other_remedy[] = "Repair or remove the product that it belongs to, or restore a backup from before.";

std::string catalog_of(Architecture architecture) { return concat({"the ", bits_of(architecture), " catalog"}); }

std::string protocol_name(const WSAPROTOCOL_INFOW& info) {
    const char* const type = info.iSocketType == SOCK_STREAM ? "TCP" : info.iSocketType == SOCK_DGRAM ? "UDP" : "RAW";
    return concat({type, info.iAddressFamily == AF_INET ? " over IPv4" : " over IPv6"});
}

std::string entry_label(const CatalogEntry& entry) {
    return concat({"entry ", entry.info.dwCatalogEntryId, " \"", entry.info.szProtocol, "\""});
}

bool has_code(const std::vector<Finding>& findings, std::string_view code) {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) { return finding.code == code; });
}

class CatalogExamination {
  public:
    // `lowers`: what chains of ours are to stand on.
    CatalogExamination(const CatalogFacts& facts, Infos lowers, std::vector<Finding>& findings)
        : facts_(facts), infos_(infos_of(facts.entries)), lowers_(std::move(lowers)), findings_(findings) {}

    void run() {
        base_providers();
        stand_ins();
        name_look_up();
        duplicates();
        broken_chains();
        dlls();
        namespace_dlls();
        other_layers();
        if (ours() == 0) return;
        completeness();
        places();
    }

    std::size_t ours() const {
        return static_cast<std::size_t>(std::count_if(facts_.entries.begin(), facts_.entries.end(),
                                                      [](const CatalogEntry& entry) { return entry.ours; }));
    }

  private:
    void add(const char* code, Severity severity, const std::string& message, const char* remedy, Fix fix = Fix::none) {
        findings_.push_back({code, severity, message, remedy, fix, {}});
    }
    void add_for(const CatalogEntry& entry, const char* code, const std::string& message, Fix fix) {
        add(code, Severity::error, message, entry.ours ? repair_remedy : other_remedy, entry.ours ? fix : Fix::none);
    }

    void base_providers() {
        for (const int family : {AF_INET, AF_INET6}) {
            for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
                WSAPROTOCOL_INFOW info{};
                info.iAddressFamily = family;
                info.iSocketType = type;
                // PGM's stream entry (MSMQ's multicast), for one, is of the same family and type.
                info.iProtocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
                const bool found = std::any_of(
                    facts_.entries.begin(), facts_.entries.end(),
                    [&](const CatalogEntry& entry) { return entry.is_base() && same_protocol(entry.info, info); });
                if (found) continue;
                add("base-provider-missing", family == AF_INET ? Severity::error : Severity::warning,
                    concat({catalog_of(facts_.architecture), " has no base provider for ", protocol_name(info),
                            ": programs cannot use it."}),
                    restore_remedy);
            }
        }
    }

    void stand_ins() {
        for (const CatalogEntry& entry : facts_.entries) {
            if (!is_stand_in(entry.info.ProviderId)) continue;
            add("restore-interrupted", Severity::warning,
                concat({"in ", catalog_of(facts_.architecture), " ", entry_label(entry),
                        " and others stand in for a base provider: a restore did not come to its end."}),
                "Restore the same backup again: winsock-lsp restore FILE");
            return;
        }
    }

    void name_look_up() {
        if (!facts_.namespaces) return;
        const bool found = std::any_of(
            facts_.namespaces->begin(), facts_.namespaces->end(),
            [](const NamespaceProvider& provider) { return provider.active && provider.name_space == NS_DNS; });
        if (found) return;
        add("name-provider-missing", Severity::error,
            concat({catalog_of(facts_.architecture),
                    " of namespaces has no active provider for DNS: programs cannot look up names."}),
            restore_remedy);
    }

    void duplicates() {
        for (std::size_t i = 0; i < facts_.entries.size(); ++i) {
            const CatalogEntry& entry = facts_.entries[i];
            for (std::size_t j = 0; j < i; ++j) {
                const CatalogEntry& other = facts_.entries[j];
                if (entry.info.dwCatalogEntryId == other.info.dwCatalogEntryId) {
                    add_for(entry, "id-twice",
                            concat({catalog_of(facts_.architecture), " has two entries ", entry.info.dwCatalogEntryId,
                                    ": \"", other.info.szProtocol, "\" and \"", entry.info.szProtocol, "\"."}),
                            Fix::install_anew);
                }
                // What is below may differ when another provider's chain came between.
                const bool double_of_ours = entry.ours && other.ours && entry.is_chain() == other.is_chain() &&
                                            (entry.is_layered() || same_protocol(entry.info, other.info));
                const bool double_of_other = !entry.ours && !other.ours && entry.is_chain() && other.is_chain() &&
                                             same_protocol(entry.info, other.info) && entry.path == other.path &&
                                             chain_ids(entry.info) == chain_ids(other.info);
                if (!double_of_ours && !double_of_other) continue;
                add_for(entry, "duplicate-entry",
                        concat({entry_label(entry), " in ", catalog_of(facts_.architecture), " doubles ",
                                entry_label(other), "."}),
                        Fix::install_anew);
                break;
            }
        }
    }

    // One finding for all chains that miss the same entry.
    void broken_chains() {
        std::vector<std::pair<DWORD, bool>> told;  // the missing id, of our chains or of others'
        for (const CatalogEntry& entry : facts_.entries) {
            const auto missing = missing_part(entry.info, infos_);
            if (!missing || std::find(told.begin(), told.end(), std::pair(*missing, entry.ours)) != told.end())
                continue;
            told.emplace_back(*missing, entry.ours);
            std::string others;
            for (const CatalogEntry& other : facts_.entries) {
                if (&other == &entry || other.ours != entry.ours || missing_part(other.info, infos_) != missing)
                    continue;
                others += concat({others.empty() ? " (as do entries " : ", ", other.info.dwCatalogEntryId});
            }
            if (!others.empty()) others += ')';
            add_for(entry, "chain-broken",
                    concat({entry_label(entry), " in ", catalog_of(facts_.architecture), " names entry ", *missing,
                            ", which does not exist", others, "."}),
                    Fix::install_anew);
        }
    }

    void dlls() {
        for (const DllFacts& dll : facts_.dlls) {
            const auto user =
                std::find_if(facts_.entries.begin(), facts_.entries.end(),
                             [&](const CatalogEntry& entry) { return entry.path == dll.path && !entry.is_base(); });
            const auto base = std::find_if(facts_.entries.begin(), facts_.entries.end(),
                                           [&](const CatalogEntry& entry) { return entry.path == dll.path; });
            const CatalogEntry* const entry = user != facts_.entries.end()   ? &*user
                                              : base != facts_.entries.end() ? &*base
                                                                             : nullptr;
            if (entry == nullptr) continue;
            const std::string of =
                concat({dll.path, ", the DLL of ", entry_label(*entry), " in ", catalog_of(facts_.architecture), ","});
            if (!dll.exists) {
                add_for(*entry, "dll-missing", concat({of, " is missing: programs that get this provider fail."}),
                        Fix::install_anew);
            } else if (entry->is_base() && dll.in_system_folder) {
                continue;  // Windows' own: what it is, Windows knows
            } else if (!dll.replaceable_by.empty() && !dll.in_system_folder) {
                add_for(*entry, "dll-replaceable",
                        concat({of, " is loaded by every program, and others than administrators can replace it (",
                                dll.replaceable_by, ")."}),
                        Fix::install_anew);
            } else if (dll.unreadable || entry->is_base()) {
                continue;
            } else if (dll.machine == 0 || !dll.is_provider) {
                add_for(*entry, "dll-not-a-provider", concat({of, " is no provider's DLL."}), Fix::install_anew);
            } else if (!fits(dll.machine, facts_.architecture)) {
                add_for(*entry, "dll-wrong-architecture", concat({of, " is made for another architecture."}),
                        Fix::install_anew);
            }
        }
    }

    void namespace_dlls() {
        if (!facts_.namespaces) return;
        std::vector<std::wstring> told;
        for (const NamespaceProvider& provider : *facts_.namespaces) {
            const DllFacts* const dll = find_dll(facts_.namespace_dlls, provider.path);
            if (dll == nullptr || dll->in_system_folder || dll->replaceable_by.empty() ||
                std::find(told.begin(), told.end(), provider.path) != told.end()) {
                continue;
            }
            told.push_back(provider.path);
            add("namespace-dll-replaceable", Severity::error,
                concat({provider.path, ", the DLL of the namespace provider \"", provider.name, "\" in ",
                        catalog_of(facts_.architecture),
                        " of namespaces, is loaded by programs that look up names, and others than administrators can "
                        "replace it (",
                        dll->replaceable_by, ")."}),
                other_remedy);
        }
    }

    // Worth knowing when programs misbehave: whose code they have besides ours.
    void other_layers() {
        std::vector<std::wstring> told;
        for (const CatalogEntry& entry : facts_.entries) {
            if (entry.ours || entry.is_base() || is_stand_in(entry.info.ProviderId) ||
                std::find(told.begin(), told.end(), entry.path) != told.end()) {
                continue;
            }
            told.push_back(entry.path);
            std::string ids;
            const CatalogEntry* named = &entry;
            for (const CatalogEntry& each : facts_.entries) {
                if (each.ours || each.is_base() || each.path != entry.path) continue;
                ids += concat({ids.empty() ? "" : ", ", each.info.dwCatalogEntryId});
                if (each.is_layered()) named = &each;
            }
            add("other-provider", Severity::info,
                concat({"another layered provider is in ", catalog_of(facts_.architecture), ": \"",
                        named->info.szProtocol, "\", ", entry.path, " (entries ", ids, ")."}),
                "If programs misbehave, look whether they still do without it: its maker's own uninstaller takes it "
                "out.");
        }
    }

    void completeness() {
        const auto is_layer = [](const CatalogEntry& entry) { return is_our_layered(entry.info); };
        const bool layered = std::any_of(facts_.entries.begin(), facts_.entries.end(), is_layer);
        const bool chains = std::any_of(facts_.entries.begin(), facts_.entries.end(),
                                        [](const CatalogEntry& entry) { return entry.ours && entry.is_chain(); });
        if (!layered) {
            add("layered-entry-missing", Severity::error,
                concat({catalog_of(facts_.architecture), " has our chains, but not the layered entry that they name."}),
                repair_remedy, Fix::install_anew);
        } else if (!chains) {
            add("installation-interrupted", Severity::error,
                concat({catalog_of(facts_.architecture),
                        " has our layered entry and no chain: an installation or a removal did not come to its end."}),
                repair_remedy, Fix::install);
        }
        if (!chains) return;
        for (const WSAPROTOCOL_INFOW& lower : lowers_) {
            const auto of_protocol = [&](const CatalogEntry& entry) {
                return entry.ours && entry.is_chain() && same_protocol(entry.info, lower);
            };
            const auto chain = std::find_if(facts_.entries.begin(), facts_.entries.end(), of_protocol);
            if (chain == facts_.entries.end()) {
                add("chain-missing", Severity::error,
                    concat({catalog_of(facts_.architecture), " has no chain of ours for ", protocol_name(lower),
                            ": that traffic keeps the source that Windows chooses."}),
                    repair_remedy, Fix::install);
            } else if ((chain->info.dwServiceFlags1 & XP1_IFS_HANDLES) == 0) {
                add("ifs-handles-missing", Severity::error,
                    concat({entry_label(*chain), " in ", catalog_of(facts_.architecture),
                            " is not marked as one with IFS handles: programs take slow ways around it."}),
                    repair_remedy, Fix::install);
            }
        }
    }

    // Whether programs get us: the first entry of a protocol is ours, or stands on ours.
    void places() {
        for (const CatalogEntry& entry : facts_.entries) {
            if (!entry.ours || !entry.is_chain()) continue;
            const auto first = std::find_if(
                facts_.entries.begin(), facts_.entries.end(),
                [&](const CatalogEntry& each) { return !each.is_layered() && same_protocol(each.info, entry.info); });
            if (first->ours) continue;
            const std::vector<DWORD> ids = chain_ids(first->info);
            if (std::any_of(ids.begin(), ids.end(), [&](DWORD id) { return is_our_id(infos_, id); })) continue;
            add("not-first", Severity::error,
                concat({entry_label(*first), " comes before ours in ", catalog_of(facts_.architecture), ": ",
                        protocol_name(entry.info), " keeps the source that Windows chooses."}),
                repair_remedy, Fix::install);
        }
    }

    const CatalogFacts& facts_;
    const Infos infos_;
    const Infos lowers_;
    std::vector<Finding>& findings_;
};

// In the other catalog a protocol was chosen if it was chosen by its name, or if an entry for it was in the native one.
Infos chosen_entries(const Facts& facts, const CatalogFacts& catalog) {
    const Infos native = lower_entries(facts.catalogs.front().entries, facts.over);
    if (&catalog == &facts.catalogs.front()) return native;
    Over by_protocol = facts.over;
    by_protocol.ids.clear();
    Infos chosen = lower_entries(catalog.entries, by_protocol);
    for (const WSAPROTOCOL_INFOW& info : of_same_protocols(lower_entries(catalog.entries), native)) {
        const bool known = std::any_of(chosen.begin(), chosen.end(), [&](const WSAPROTOCOL_INFOW& each) {
            return each.dwCatalogEntryId == info.dwCatalogEntryId;
        });
        if (!known) chosen.push_back(info);
    }
    return chosen;
}

// What programs make of a line that their DLL does not understand.
std::string told_of(const LineGrammar& line, const DllFacts& dll) {
    if (!dll.policy_grammar) {
        return "of a version that rejects all rules for one that it does not know: no rule is in force in programs "
               "that load it, none that refuses either";
    }
    return line.incoming && *dll.policy_grammar < first_incoming_grammar
               ? "older: programs that load it let in whom the line keeps out"
               : "older: programs that load it refuse what the line matches, because they do not know its action";
}

void examine_grammar(const Facts& facts, std::vector<Finding>& findings) {
    for (const CatalogFacts& catalog : facts.catalogs) {
        for (const DllFacts& dll : catalog.dlls) {
            const bool ours =
                std::any_of(catalog.entries.begin(), catalog.entries.end(),
                            [&](const CatalogEntry& entry) { return entry.ours && entry.path == dll.path; });
            const LineGrammar* const line = first_not_understood(facts.policy_lines, dll);
            if (!ours || !dll.exists || line == nullptr) continue;
            findings.push_back(
                {"policy-too-new",
                 Severity::error,
                 concat({"Line ", line->line, " of the rules is of a newer version than ", dll.path, " in ",
                         catalog_of(catalog.architecture), ", which is ", told_of(*line, dll), "."}),
                 "Install the version that the rules are of: winsock-lsp install; or take the line out of them.",
                 Fix::none,
                 {}});
        }
    }
}

// Installing again would refuse them, too.
void examine_choice(const Facts& facts, std::vector<Finding>& findings) {
    for (const DWORD id : facts.over.ids) {
        if (find_entry(infos_of(facts.catalogs.front().entries), id) != nullptr) continue;
        findings.push_back(
            {"chosen-entry-missing",
             Severity::error,
             concat({"We were installed over entry ", id, ", which ", catalog_of(facts.catalogs.front().architecture),
                     " does not have any more."}),
             "Choose anew: winsock-lsp install --over all, or a list (winsock-lsp list shows the entries).",
             Fix::none,
             {}});
    }
}

void examine_catalogs(const Facts& facts, Diagnosis& diagnosis) {
    std::vector<std::size_t> ours;
    for (const CatalogFacts& catalog : facts.catalogs) {
        CatalogExamination examination(catalog, chosen_entries(facts, catalog), diagnosis.findings);
        examination.run();
        ours.push_back(examination.ours());
        if (examination.ours() > 0) diagnosis.installed = true;
        for (const CatalogEntry& entry : catalog.entries) {
            if (!is_our_layered(entry.info)) continue;
            const auto dll = std::find_if(catalog.dlls.begin(), catalog.dlls.end(),
                                          [&](const DllFacts& each) { return each.path == entry.path; });
            const std::uint16_t machine =
                catalog.architecture == Architecture::x64 ? IMAGE_FILE_MACHINE_AMD64 : IMAGE_FILE_MACHINE_I386;
            if (dll == catalog.dlls.end() || !dll->is_provider || dll->machine != machine ||
                !dll->replaceable_by.empty()) {
                continue;
            }
            (catalog.architecture == native_architecture ? diagnosis.dll : diagnosis.dll32) = dll->path;
        }
    }
    // A 32-bit process has one catalog, whose DLL is the first.
    if (facts.catalogs.size() > 1) diagnosis.covers32 = ours[1] > 0 || facts.unregistered_dll32;
    if (diagnosis.covers32 && facts.unregistered_dll32 && diagnosis.dll32.empty() && !diagnosis.dll.empty()) {
        diagnosis.dll32 = diagnosis.dll.substr(0, diagnosis.dll.rfind(L'\\')) + L"\\winsock-lsp-ia32.dll";
    }
    if (ours.size() < 2 || (ours[0] == 0) == (ours[1] == 0)) return;
    // Whether 32-bit programs are to be covered is the installer's choice; that its DLL was copied too tells it.
    if (ours[1] == 0 && !facts.unregistered_dll32) return;
    const CatalogFacts& without = facts.catalogs[ours[0] == 0 ? 0 : 1];
    diagnosis.findings.push_back(
        {"catalog-missing",
         Severity::error,
         concat({"We are installed, but not in ", catalog_of(without.architecture), ": ", bits_of(without.architecture),
                 " programs keep the source that Windows chooses."}),
         repair_remedy,
         Fix::install_anew,
         {}});
}

void examine_tunnel(const TunnelFacts& facts, bool installed, std::vector<Finding>& findings) {
    const Tunnel& tunnel = facts.stored.tunnel;
    const std::string label = concat({tunnel.delegated ? "the delegated tunnel " : "the tunnel ", tunnel.name});
    const Fix clear = tunnel.delegated ? Fix::clear_delegated_tunnel : Fix::clear_tunnel;
    const auto add = [&](const char* code, Severity severity, const std::string& message, const std::string& remedy,
                         Fix fix) {
        findings.push_back({code, severity, message, remedy, fix, tunnel.name});
    };
    if (!facts.stored.rejected.empty()) {
        add("tunnel-rejected", Severity::warning,
            concat({label, " is published with a definition that nobody can use: ", facts.stored.rejected, "."}),
            repair_remedy, clear);
        return;
    }
    if (!facts.stored.alive) {
        add("tunnel-stale", Severity::warning,
            concat({label, " is still published, but process ", tunnel.publisher.process_id,
                    ", which published it, has ended."}),
            repair_remedy, clear);
        return;
    }
    if (!facts.interface_exists) {
        add("tunnel-interface-missing", Severity::warning,
            concat({label, " is published on interface ", tunnel.interface_index, ", which does not exist any more."}),
            "Start the VPN again, or: winsock-lsp tunnel clear NAME", Fix::none);
        return;
    }
    if (!installed) {
        add("tunnel-without-provider", Severity::warning,
            concat({label, " is published, but the LSP is not installed: nothing applies it."}),
            "Run: winsock-lsp install", Fix::none);
    }
    for (const TunnelFacts::Source& source : facts.sources) {
        if (source.owner == 0) {
            add("source-missing", Severity::warning,
                concat({label, " is to use the source ", to_string(source.address),
                        ", which this host does not have any more."}),
                "Publish it with an address that the host has.", Fix::none);
        } else if (source.weak_send == false || source.weak_receive == false) {
            add("strong-host", Severity::error,
                concat({label, " uses the source ", to_string(source.address), ", but ",
                        source.weak_send == false ? "WeakHostSend is off on interface "
                                                  : "WeakHostReceive is off on interface ",
                        source.weak_send == false ? source.owner : tunnel.interface_index,
                        ": its traffic is refused, or would leave the tunnel in clear."}),
                tunnel.delegated ? "Withdraw it, or turn that on: who published it may not, and doctor does not on "
                                   "their word."
                                 : repair_remedy,
                tunnel.delegated ? Fix::none : Fix::publish_again);
        }
    }
}

void examine_openvpn(const OpenVpnFacts& facts, std::vector<Finding>& findings) {
    if (facts.folder.empty() || !facts.plugin) return;
    const std::string plugin = concat({facts.folder, "\\winsock-lsp.dll, OpenVPN's plugin,"});
    const std::string copy =
        concat({"Stop OpenVPN and copy winsock-lsp.dll and winsock-lsp-setup.dll of the installed "
                "version to ",
                facts.folder, "."});
    if (!facts.same) {
        findings.push_back({"plugin-outdated",
                            Severity::warning,
                            concat({plugin, " is not the version that is installed."}),
                            copy,
                            Fix::none,
                            {}});
    }
    if (!facts.setup) {
        findings.push_back({"plugin-setup-missing",
                            Severity::warning,
                            concat({plugin,
                                    " has no winsock-lsp-setup.dll beside it: without that it publishes no "
                                    "tunnel."}),
                            copy,
                            Fix::none,
                            {}});
    }
    if (!facts.replaceable_by.empty()) {
        findings.push_back(
            {"plugin-replaceable",
             Severity::error,
             concat({plugin, " is run with OpenVPN's rights, and others than administrators can replace it (",
                     facts.replaceable_by, ")."}),
             concat({"Take their rights to write away from ", facts.folder, "."}),
             Fix::none,
             {}});
    }
    for (const OpenVpnService& service : facts.services) {
        if (service.may_publish) continue;
        const std::string whom = service.user ? std::string("its user") : narrow(service.account.name);
        findings.push_back(
            {"openvpn-cannot-publish",
             // A user may have no use for it, and may be an administrator.
             service.user ? Severity::info : Severity::warning,
             concat({"The service ", service.name, " runs openvpn.exe as ", whom,
                     ", who may not publish tunnels: there the plugin leaves the tunnel as it is."}),
             service.user
                 ? std::string("Name the users' group, as: winsock-lsp install --publishers \"OpenVPN Administrators\"")
                 : concat({"Run: winsock-lsp install --publishers \"", whom,
                           "\" (and name those again that may publish already)"}),
             Fix::none,
             {}});
    }
}

std::string list_of(const std::vector<std::wstring>& programs) {
    constexpr std::size_t shown = 8;
    std::string text;
    for (std::size_t i = 0; i < programs.size() && i < shown; ++i) text += concat({i == 0 ? "" : ", ", programs[i]});
    return programs.size() <= shown ? text : concat({text, " and ", programs.size() - shown, " more"});
}

void examine_blocks(const BlockFacts& facts, std::vector<Finding>& findings) {
    const auto add = [&](const char* code, Severity severity, const std::string& message, const char* remedy) {
        findings.push_back({code, severity, message, remedy, Fix::none, {}});
    };
    if (facts.extension_points_disabled) {
        add("extension-points-disabled", Severity::error,
            "A policy disables extension points for all programs (MitigationOptions): Windows loads no LSP anywhere.",
            "Change the exploit protection's system setting: Set-ProcessMitigation -System -Disable "
            "DisableExtensionPoints");
    }
    if (!facts.without_extension_points.empty()) {
        add("program-extension-points-disabled", Severity::info,
            concat({"Exploit protection keeps LSPs out of ", list_of(facts.without_extension_points), "."}),
            "Where that is not wanted: Set-ProcessMitigation -Name PROGRAM -Disable DisableExtensionPoints");
    }
    if (!facts.microsoft_only.empty()) {
        add("program-microsoft-only", Severity::info,
            concat({"Exploit protection lets ", list_of(facts.microsoft_only),
                    " load DLLs that Microsoft has signed, and no others."}),
            "Where that is not wanted: Set-ProcessMitigation -Name PROGRAM -Disable MicrosoftSignedOnly");
    }
    if (!facts.categorised.empty()) {
        add("program-categories", Severity::info,
            concat({"LSPs without a category, as ours is, are kept out of ", list_of(facts.categorised),
                    " (WSCSetApplicationCategory)."}),
            "Ask the maker of the program, or of the software that set this.");
    }
    if (facts.smart_app_control) {
        add("smart-app-control", Severity::warning,
            "Smart App Control is on: Windows does not load a DLL that is neither signed nor known to it.",
            "Sign the DLL, or turn Smart App Control off.");
    }
    if (facts.dll_rules) {
        add("dll-rules", Severity::info, "AppLocker's rules for DLLs are enforced.",
            "See that one of them allows the folder of winsock-lsp under Program Files.");
    }
}

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

}  // namespace

Diagnosis diagnose(const Facts& facts) {
    Diagnosis diagnosis;
    std::vector<Finding>& findings = diagnosis.findings;
    examine_catalogs(facts, diagnosis);
    if (diagnosis.installed) examine_choice(facts, findings);
    if (facts.machine == machine_arm64) {
        findings.push_back({"unsupported-machine",
                            diagnosis.installed ? Severity::error : Severity::info,
                            "This Windows is for ARM64: its own programs cannot load our DLL, and where we are "
                            "installed they cannot open a socket.",
                            diagnosis.installed ? "Run: winsock-lsp remove" : "Do not install the LSP here.",
                            Fix::none,
                            {}});
    }
    for (const TunnelFacts& tunnel : facts.tunnels) examine_tunnel(tunnel, diagnosis.installed, findings);
    for (const std::string& each : facts.publishers) {
        findings.push_back({"publishers",
                            Severity::info,
                            concat({each, " may publish tunnels without being administrators."}),
                            "Where that is not wanted: winsock-lsp install --no-publishers",
                            Fix::none,
                            {}});
    }
    for (const std::string& each : facts.host_model_left) {
        findings.push_back({"host-model-left",
                            Severity::warning,
                            concat({each, " was turned on for a tunnel that is not in force any more."}),
                            repair_remedy,
                            Fix::restore_host_model,
                            {}});
    }
    if (!facts.store_writable_by.empty()) {
        findings.push_back(
            {"store-replaceable",
             Severity::error,
             concat({"Others than administrators may write HKLM\\SOFTWARE\\winsock-lsp (", facts.store_writable_by,
                     "), by which the sockets of every process go: they have power over all of them."}),
             "Look at the rules (winsock-lsp policy get), then: winsock-lsp remove --purge, delete the key "
             "HKLM\\SOFTWARE\\winsock-lsp, winsock-lsp install, and set the rules again.",
             Fix::none,
             {}});
    }
    if (!facts.policy_rejected.empty()) {
        findings.push_back({"policy-rejected",
                            Severity::error,
                            concat({"No rule of the administrator's is in force, none that refuses either: the stored "
                                    "rules are rejected: ",
                                    facts.policy_rejected, "."}),
                            "Correct the value Policy of HKLM\\SOFTWARE\\winsock-lsp.",
                            Fix::none,
                            {}});
    }
    for (const RuleWarning& warning : facts.rule_warnings) {
        const bool loop = warning.kind == RuleWarning::Kind::proxy_loop;
        findings.push_back({to_string(warning.kind),
                            loop ? Severity::warning : Severity::info,
                            concat({"Rule ", std::to_string(warning.rule + 1), ": ", warning.message}),
                            loop ? "Put that rule before it: winsock-lsp policy add --before." : "",
                            Fix::none,
                            {}});
    }
    examine_grammar(facts, findings);
    examine_openvpn(facts.openvpn, findings);
    if (diagnosis.installed) examine_blocks(facts.blocks, findings);
    for (const std::wstring& path : facts.leftovers) {
        findings.push_back({"leftover-file", Severity::warning,
                            concat({path, " was left by an installation that was interrupted."}), repair_remedy,
                            Fix::delete_file, narrow(path)});
    }
    for (Finding& finding : findings) {
        finding.message = capitalised(finding.message);
        // A chain that is broken and one that is missing would be repaired twice.
        if (finding.fix == Fix::install &&
            (has_code(findings, "layered-entry-missing") || has_code(findings, "chain-broken")))
            finding.fix = Fix::install_anew;
    }
    std::stable_sort(findings.begin(), findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return diagnosis;
}

}  // namespace lsp::setup
