// The doctor's judgement, on values: one healthy machine, and each damage to it.
#include "setup/doctor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "../system/catalog_support.hpp"
#include "../system/support.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/security.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/policy_store.hpp"
#include "system/registry.hpp"

using namespace lsp::setup;

namespace {

constexpr Kind udp6{AF_INET6, SOCK_DGRAM, IPPROTO_UDP};
constexpr wchar_t our_dll[] = L"C:\\Program Files\\winsock-lsp\\1\\winsock-lsp.dll";
constexpr wchar_t our_dll32[] = L"C:\\Program Files\\winsock-lsp\\1\\winsock-lsp-ia32.dll";
constexpr wchar_t base_dll[] = L"%SystemRoot%\\system32\\mswsock.dll";

GUID chain_guid(unsigned char number) { return {number, 1, 2, {3, 4, 5, 6, 7, 8, 9, number}}; }

CatalogFacts base_catalog(Architecture architecture) {
    CatalogFacts facts;
    facts.architecture = architecture;
    DWORD id = 1;
    for (const Kind& kind : {tcp4, udp4, tcp6, udp6})
        facts.entries.push_back(make_entry(id++, L"MSAFD", kind, base_guid));
    const std::uint16_t machine =
        architecture == Architecture::x64 ? IMAGE_FILE_MACHINE_AMD64 : IMAGE_FILE_MACHINE_I386;
    facts.dlls = {{base_dll, true, machine, true, ""}};
    NamespaceProvider tcpip;
    tcpip.name = L"Tcpip";
    tcpip.name_space = NS_DNS;
    tcpip.active = true;
    facts.namespaces = {tcpip};
    return facts;
}

CatalogFacts installed_catalog(Architecture architecture) {
    CatalogFacts facts = base_catalog(architecture);
    const Catalog bases = facts.entries;
    const wchar_t* const dll = architecture == Architecture::x64 ? our_dll : our_dll32;
    for (const CatalogEntry& base : bases) {
        const WSAPROTOCOL_INFOW& info = base.info;
        CatalogEntry chain =
            make_entry(100 + info.dwCatalogEntryId, L"winsock-lsp over [MSAFD]",
                       {info.iAddressFamily, info.iSocketType, info.iProtocol},
                       chain_guid(static_cast<unsigned char>(info.dwCatalogEntryId)), {100, info.dwCatalogEntryId});
        chain.path = dll;
        facts.entries.insert(facts.entries.begin() + static_cast<std::ptrdiff_t>(info.dwCatalogEntryId) - 1, chain);
    }
    CatalogEntry layered = make_entry(100, L"winsock-lsp", tcp4, provider_guid, {}, true);
    layered.path = dll;
    facts.entries.push_back(layered);
    mark_ours(facts.entries);
    facts.dlls.push_back({dll, true, facts.dlls[0].machine, true, ""});
    return facts;
}

Facts healthy() {
    Facts facts;
    facts.catalogs = {installed_catalog(Architecture::x64), installed_catalog(Architecture::ia32)};
    return facts;
}

Facts not_installed() {
    Facts facts;
    facts.catalogs = {base_catalog(Architecture::x64), base_catalog(Architecture::ia32)};
    return facts;
}

Catalog& entries(Facts& facts, std::size_t catalog = 0) { return facts.catalogs[catalog].entries; }
void erase(Facts& facts, DWORD id, std::size_t catalog = 0) {
    std::erase_if(entries(facts, catalog),
                  [&](const CatalogEntry& entry) { return entry.info.dwCatalogEntryId == id; });
    mark_ours(entries(facts, catalog));
}
CatalogEntry& entry(Facts& facts, DWORD id) {
    for (CatalogEntry& each : entries(facts)) {
        if (each.info.dwCatalogEntryId == id) return each;
    }
    FAIL("no such entry");
    return entries(facts).front();
}
void add(Facts& facts, const CatalogEntry& each, bool first = false) {
    Catalog& catalog = entries(facts);
    catalog.insert(first ? catalog.begin() : catalog.end(), each);
    mark_ours(catalog);
}
// Another provider's chain for TCP over IPv4, and its layered entry.
void add_other(Facts& facts, std::vector<DWORD> below, bool first) {
    CatalogEntry layer = make_entry(50, L"other", tcp4, other_guid, {}, true);
    below.insert(below.begin(), 50);
    CatalogEntry chain = make_entry(51, L"other over TCP", tcp4, other_chain_guid, below);
    layer.path = chain.path = L"C:\\other.dll";
    facts.catalogs[0].dlls.push_back({L"C:\\other.dll", true, IMAGE_FILE_MACHINE_AMD64, true, ""});
    add(facts, layer);
    add(facts, chain, first);
}
DllFacts& dll(Facts& facts, const wchar_t* path, std::size_t catalog = 0) {
    for (DllFacts& each : facts.catalogs[catalog].dlls) {
        if (each.path == path) return each;
    }
    FAIL("no such DLL");
    return facts.catalogs[0].dlls.front();
}
TunnelFacts& add_tunnel(Facts& facts) {
    TunnelFacts tunnel;
    tunnel.stored.tunnel = sample_tunnel("vpn");
    tunnel.stored.tunnel.publisher.process_id = 4711;
    tunnel.sources = {{tunnel.stored.tunnel.source4, 3, true, true}};
    facts.tunnels.push_back(tunnel);
    return facts.tunnels.back();
}

std::vector<std::string> codes_of(const Diagnosis& diagnosis) {
    std::vector<std::string> codes;
    for (const Finding& finding : diagnosis.findings) codes.push_back(finding.code);
    return codes;
}

struct Damage {
    const char* code;
    Severity severity;
    Fix fix;
    std::function<void(Facts&)> make;
};

const Damage damages[] = {
    {"catalog-missing", Severity::error, Fix::install_anew,
     [](Facts& facts) { facts.catalogs[0] = base_catalog(Architecture::x64); }},
    {"catalog-missing", Severity::error, Fix::install_anew,
     [](Facts& facts) {
         facts.catalogs[1] = base_catalog(Architecture::ia32);
         facts.unregistered_dll32 = true;
     }},
    {"unsupported-machine", Severity::error, Fix::none, [](Facts& facts) { facts.machine = 0xAA64; }},
    {"unsupported-machine", Severity::info, Fix::none,
     [](Facts& facts) {
         facts = not_installed();
         facts.machine = 0xAA64;
     }},
    {"chain-missing", Severity::error, Fix::install, [](Facts& facts) { erase(facts, 102); }},
    {"chain-missing", Severity::error, Fix::install, [](Facts& facts) { erase(facts, 101, 1); }},
    {"chosen-entry-missing", Severity::error, Fix::none, [](Facts& facts) { facts.over.ids = {77}; }},
    {"layered-entry-missing", Severity::error, Fix::install_anew, [](Facts& facts) { erase(facts, 100); }},
    {"installation-interrupted", Severity::error, Fix::install,
     [](Facts& facts) {
         for (DWORD id = 101; id <= 104; ++id) erase(facts, id);
     }},
    {"chain-broken", Severity::error, Fix::install_anew,
     [](Facts& facts) { entry(facts, 101).info.ProtocolChain.ChainEntries[1] = 77; }},
    {"chain-broken", Severity::error, Fix::none,
     [](Facts& facts) {
         add_other(facts, {77, 1}, false);
     }},
    {"dll-missing", Severity::error, Fix::install_anew, [](Facts& facts) { dll(facts, our_dll).exists = false; }},
    {"dll-missing", Severity::error, Fix::install_anew, [](Facts& facts) { dll(facts, our_dll32, 1).exists = false; }},
    {"dll-missing", Severity::error, Fix::none,
     [](Facts& facts) {
         add_other(facts, {1}, false);
         dll(facts, L"C:\\other.dll").exists = false;
     }},
    {"dll-missing", Severity::error, Fix::none, [](Facts& facts) { dll(facts, base_dll).exists = false; }},
    {"dll-wrong-architecture", Severity::error, Fix::install_anew,
     [](Facts& facts) { dll(facts, our_dll).machine = IMAGE_FILE_MACHINE_I386; }},
    {"dll-wrong-architecture", Severity::error, Fix::none,
     [](Facts& facts) {
         add_other(facts, {1}, false);
         dll(facts, L"C:\\other.dll").machine = IMAGE_FILE_MACHINE_I386;
     }},
    {"dll-not-a-provider", Severity::error, Fix::install_anew,
     [](Facts& facts) { dll(facts, our_dll).is_provider = false; }},
    {"dll-replaceable", Severity::error, Fix::install_anew,
     [](Facts& facts) { dll(facts, our_dll).replaceable_by = "S-1-5-32-545 on C:\\x"; }},
    {"dll-replaceable", Severity::error, Fix::none,
     [](Facts& facts) { dll(facts, base_dll).replaceable_by = "S-1-5-32-545 on C:\\x"; }},
    {"dll-replaceable", Severity::error, Fix::none,
     [](Facts& facts) {  // on another machine, so nothing else is known of it
         add_other(facts, {1}, false);
         facts.catalogs[0].dlls.back() = {
             L"C:\\other.dll", true, 0, false, "C: leads to another machine", true, false, true};
     }},
    {"namespace-dll-replaceable", Severity::error, Fix::none,
     [](Facts& facts) {
         facts.catalogs[1].namespaces->front().path = L"C:\\ns.dll";
         facts.catalogs[1].namespace_dlls = {{L"C:\\ns.dll", true, 0, false, "S-1-5-11 on C:\\"}};
     }},
    {"store-replaceable", Severity::error, Fix::none, [](Facts& facts) { facts.store_writable_by = "S-1-5-32-545"; }},
    {"other-provider", Severity::info, Fix::none,
     [](Facts& facts) {
         add_other(facts, {101, 1}, true);
     }},
    {"duplicate-entry", Severity::error, Fix::install_anew,
     [](Facts& facts) {
         CatalogEntry copy = entry(facts, 101);
         copy.info.dwCatalogEntryId = 200;
         copy.info.ProviderId = chain_guid(9);
         add(facts, copy);
     }},
    {"duplicate-entry", Severity::error, Fix::none,
     [](Facts& facts) {
         add_other(facts, {1}, false);
         CatalogEntry copy = entry(facts, 51);
         copy.info.dwCatalogEntryId = 52;
         add(facts, copy);
     }},
    {"not-first", Severity::error, Fix::install, [](Facts& facts) { add_other(facts, {1}, true); }},
    {"not-first", Severity::error, Fix::install,
     [](Facts& facts) { std::rotate(entries(facts).begin(), entries(facts).begin() + 4, entries(facts).end()); }},
    {"ifs-handles-missing", Severity::error, Fix::install,
     [](Facts& facts) { entry(facts, 103).info.dwServiceFlags1 = 0; }},
    {"base-provider-missing", Severity::error, Fix::none,
     [](Facts& facts) {
         erase(facts, 1, 1);
         erase(facts, 101, 1);
     }},
    // PGM's stream entry is of the same family and type.
    {"base-provider-missing", Severity::error, Fix::none,
     [](Facts& facts) {
         erase(facts, 1, 1);
         erase(facts, 101, 1);
         CatalogEntry pgm = entry(facts, 2);
         pgm.info.dwCatalogEntryId = 90;
         pgm.info.iSocketType = SOCK_STREAM;
         pgm.info.iProtocol = 113;  // IPPROTO_RM
         entries(facts, 1).push_back(pgm);
     }},
    {"restore-interrupted", Severity::warning, Fix::none,
     [](Facts& facts) {
         CatalogEntry stand_in = entry(facts, 1);
         stand_in.info.ProviderId = stand_in_for(base_guid);
         stand_in.info.dwCatalogEntryId = 60;
         add(facts, stand_in);
     }},
    {"name-provider-missing", Severity::error, Fix::none,
     [](Facts& facts) { facts.catalogs[0].namespaces->front().active = false; }},
    {"tunnel-stale", Severity::warning, Fix::clear_tunnel,
     [](Facts& facts) { add_tunnel(facts).stored.alive = false; }},
    {"tunnel-rejected", Severity::warning, Fix::clear_tunnel,
     [](Facts& facts) { add_tunnel(facts).stored.rejected = "garbage"; }},
    {"tunnel-rejected", Severity::warning, Fix::clear_delegated_tunnel,
     [](Facts& facts) {
         StoredTunnel& stored = add_tunnel(facts).stored;
         stored.rejected = "garbage";
         stored.tunnel.delegated = true;
     }},
    {"tunnel-interface-missing", Severity::warning, Fix::none,
     [](Facts& facts) { add_tunnel(facts).interface_exists = false; }},
    {"tunnel-without-provider", Severity::warning, Fix::none,
     [](Facts& facts) {
         facts = not_installed();
         add_tunnel(facts);
     }},
    {"host-model-left", Severity::warning, Fix::restore_host_model,
     [](Facts& facts) { facts.host_model_left = {"WeakHostSend on interface 5 (IPv4)"}; }},
    {"source-missing", Severity::warning, Fix::none, [](Facts& facts) { add_tunnel(facts).sources[0].owner = 0; }},
    {"strong-host", Severity::error, Fix::publish_again,
     [](Facts& facts) { add_tunnel(facts).sources[0].weak_send = false; }},
    {"strong-host", Severity::error, Fix::publish_again,
     [](Facts& facts) { add_tunnel(facts).sources[0].weak_receive = false; }},
    {"policy-rejected", Severity::error, Fix::none, [](Facts& facts) { facts.policy_rejected = "line 1: x"; }},
    {"policy-too-new", Severity::error, Fix::none,
     [](Facts& facts) {
         facts.policy_lines = {{3, 2, false, "through 7"}};
     }},
    {"policy-too-new", Severity::error, Fix::none,
     [](Facts& facts) {
         facts.policy_lines = {{1, 1, false, "source 1.2.3.4"}};
         dll(facts, our_dll32, 1).policy_grammar = 0;
     }},
    {"plugin-outdated", Severity::warning, Fix::none,
     [](Facts& facts) { facts.openvpn = {L"C:\\OpenVPN\\plugins", true, false, true, "", {}}; }},
    {"plugin-setup-missing", Severity::warning, Fix::none,
     [](Facts& facts) { facts.openvpn = {L"C:\\OpenVPN\\plugins", true, true, false, "", {}}; }},
    {"plugin-replaceable", Severity::error, Fix::none,
     [](Facts& facts) { facts.openvpn = {L"C:\\OpenVPN\\plugins", true, true, true, "S-1-1-0", {}}; }},
    {"openvpn-cannot-publish", Severity::warning, Fix::none,
     [](Facts& facts) {
         const OpenVpnService service{L"OpenVPNService", {L"S-1-5-80-1", L"NT SERVICE\\OpenVPNService"}, false, false};
         facts.openvpn = {L"C:\\OpenVPN\\plugins", true, true, true, "", {service}};
     }},
    {"openvpn-cannot-publish", Severity::info, Fix::none,
     [](Facts& facts) {
         facts.openvpn = {
             L"C:\\OpenVPN\\plugins", true, true, true, "", {{L"OpenVPNServiceInteractive", {}, true, false}}};
     }},
    {"extension-points-disabled", Severity::error, Fix::none,
     [](Facts& facts) { facts.blocks.extension_points_disabled = true; }},
    {"program-extension-points-disabled", Severity::info, Fix::none,
     [](Facts& facts) { facts.blocks.without_extension_points = {L"a.exe"}; }},
    {"program-microsoft-only", Severity::info, Fix::none,
     [](Facts& facts) { facts.blocks.microsoft_only = {L"a.exe"}; }},
    {"program-categories", Severity::info, Fix::none, [](Facts& facts) { facts.blocks.categorised = {L"C:\\a.exe"}; }},
    {"smart-app-control", Severity::warning, Fix::none, [](Facts& facts) { facts.blocks.smart_app_control = true; }},
    {"dll-rules", Severity::info, Fix::none, [](Facts& facts) { facts.blocks.dll_rules = true; }},
    {"leftover-file", Severity::warning, Fix::delete_file,
     [](Facts& facts) { facts.leftovers = {L"C:\\Program Files\\winsock-lsp\\1\\new-1-2.tmp"}; }},
};

}  // namespace

TEST_CASE("doctor: a healthy machine has no finding, installed or not, with others above and below") {
    Facts facts = healthy();
    CHECK(diagnose(facts).findings.empty());
    CHECK(diagnose(facts).installed);
    CHECK(diagnose(facts).dll == our_dll);
    CHECK(diagnose(facts).dll32 == our_dll32);

    CHECK(diagnose(not_installed()).findings.empty());
    CHECK_FALSE(diagnose(not_installed()).installed);

    facts.catalogs[1] = base_catalog(Architecture::ia32);  // 32-bit programs were left alone
    CHECK(diagnose(facts).findings.empty());

    facts = healthy();
    add_other(facts, {101, 1}, true);  // it stands on us
    add_tunnel(facts);
    const OpenVpnService service{L"OpenVPNService", {L"S-1-5-18", L"SYSTEM"}, false, true};
    facts.openvpn = {L"C:\\OpenVPN\\plugins", true, true, true, "", {service}};
    CHECK(codes_of(diagnose(facts)) == std::vector<std::string>{"other-provider"});
    facts = healthy();
    add_other(facts, {1}, false);  // it is below all of ours
    CHECK(codes_of(diagnose(facts)) == std::vector<std::string>{"other-provider"});
}

TEST_CASE(
    "doctor: other layered providers, intact ones too, are told once for all their entries, and nothing is wrong") {
    Facts facts = not_installed();
    add_other(facts, {1}, true);
    const Diagnosis diagnosis = diagnose(facts);
    REQUIRE(diagnosis.findings.size() == 1);
    CHECK(diagnosis.findings[0].severity == Severity::info);
    CHECK(diagnosis.findings[0].message ==
          "Another layered provider is in the 64-bit catalog: \"other\", C:\\other.dll (entries 51, 50).");
}

TEST_CASE("doctor: Windows' own DLLs are not judged where Windows has them, and elsewhere they are") {
    constexpr char who[] = "S-1-5-11 on C:\\Users\\Public";
    Facts facts = healthy();
    dll(facts, base_dll).replaceable_by = who;
    facts.catalogs[0].namespaces->front().path = L"C:\\ns.dll";
    facts.catalogs[0].namespace_dlls = {{L"C:\\ns.dll", true, 0, false, who}};
    CHECK(codes_of(diagnose(facts)) == std::vector<std::string>{"dll-replaceable", "namespace-dll-replaceable"});
    dll(facts, base_dll).in_system_folder = true;
    facts.catalogs[0].namespace_dlls.front().in_system_folder = true;
    CHECK(diagnose(facts).findings.empty());
}

TEST_CASE("doctor: a rejected policy is told for what it is: no rule is in force") {
    Facts facts = healthy();
    facts.policy_rejected = "line 3, column 1: unknown action";
    CHECK(contains(diagnose(facts).findings.front().message, "No rule of the administrator's is in force"));
    CHECK(contains(diagnose(facts).findings.front().message, "line 3, column 1: unknown action"));
}

TEST_CASE("doctor: what becomes of a line that a DLL does not know is told for that DLL") {
    Facts facts = healthy();
    dll(facts, our_dll).policy_grammar = lsp::policy_grammar;
    dll(facts, our_dll32, 1).policy_grammar = lsp::policy_grammar + 1;
    const auto told = [&facts] {
        std::string messages;
        for (const Finding& finding : diagnose(facts).findings)
            messages += finding.code + ": " + finding.message + "\n";
        return messages;
    };
    facts.policy_lines = line_grammars({"# keep", "to 10.0.0.0/8 refuse", "source 1.2.3.4"});
    CHECK(told() == "");
    facts.policy_lines = line_grammars({"# keep", "to 10.0.0.0/8 refuse", "app x.exe teleport Mars"});
    CHECK(told() ==
          "policy-too-new: Line 3 of the rules is of a newer version than C:\\Program "
          "Files\\winsock-lsp\\1\\winsock-lsp.dll in the 64-bit catalog, which is older: programs that load it refuse "
          "what "
          "the line matches, because they do not know its action.\n");
    facts.policy_lines = line_grammars({"in from 10.0.0.0/8 refuse"});
    CHECK(told() == "");
    dll(facts, our_dll).policy_grammar = lsp::first_incoming_grammar - 1;
    CHECK(contains(told(), "programs that load it let in whom the line keeps out"));
    dll(facts, our_dll).policy_grammar.reset();
    CHECK(contains(told(), "no rule is in force in programs that load it, none that refuses either"));
    dll(facts, our_dll).exists = false;
    CHECK_FALSE(contains(told(), "policy-too-new"));
    facts = not_installed();
    facts.policy_lines = line_grammars({"teleport"});
    CHECK(told() == "");
}

TEST_CASE(
    "doctor: a 32-bit process, for which the DLL beside the registered one is that itself, repairs with one DLL") {
    Facts facts = healthy();
    CHECK(diagnose(facts).covers32);
    facts.catalogs.pop_back();
    facts.unregistered_dll32 = true;
    CHECK(diagnose(facts).dll == our_dll);
    CHECK(diagnose(facts).dll32.empty());
    CHECK_FALSE(diagnose(facts).covers32);
}

TEST_CASE("doctor: each damage is found, with a remedy, and mended only where that is safe") {
    for (const Damage& damage : damages) {
        Facts facts = healthy();
        damage.make(facts);
        const Diagnosis diagnosis = diagnose(facts);
        CAPTURE(damage.code);
        const auto found = std::find_if(diagnosis.findings.begin(), diagnosis.findings.end(),
                                        [&](const Finding& finding) { return finding.code == damage.code; });
        REQUIRE(found != diagnosis.findings.end());
        CHECK(found->severity == damage.severity);
        CHECK(found->fix == damage.fix);
        CHECK(found->message.size() > 20);
        CHECK(found->message.back() == '.');
        CHECK_FALSE(found->remedy.empty());
    }
    MESSAGE(std::size(damages), " kinds of damage, each found");
}

TEST_CASE("doctor: a chain that was not chosen is not missing, in either catalog") {
    const auto chains_left = [](std::vector<DWORD> left, const Over& over) {
        Facts facts = healthy();
        facts.over = over;
        for (DWORD id = 101; id <= 104; ++id) {
            if (std::find(left.begin(), left.end(), id) != left.end()) continue;
            erase(facts, id, 0);
            erase(facts, id, 1);
        }
        return codes_of(diagnose(facts));
    };
    const Over tcp{true, false, false, {}};
    const Over one_entry{false, false, false, {2}};
    using Codes = std::vector<std::string>;
    CHECK(chains_left({101, 103}, tcp) == Codes{});
    CHECK(chains_left({102}, one_entry) == Codes{});
    CHECK(chains_left({101, 102, 103}, Over{true, false, false, {2}}) == Codes{});
    CHECK(chains_left({101}, tcp) == Codes{"chain-missing", "chain-missing"});
    CHECK(chains_left({101, 103}, {}) == Codes{"chain-missing", "chain-missing", "chain-missing", "chain-missing"});
    CHECK(chains_left({102}, Over{false, false, false, {2, 77}}) == Codes{"chosen-entry-missing"});
}

TEST_CASE("doctor: chains that miss the same entry are one finding") {
    Facts facts = healthy();
    erase(facts, 100);
    const Diagnosis diagnosis = diagnose(facts);
    REQUIRE(diagnosis.findings.size() == 2);
    CHECK(diagnosis.findings[0].message ==
          "Entry 101 \"winsock-lsp over [MSAFD]\" in the 64-bit catalog names entry 100, which does not exist (as do "
          "entries 102, 103, 104).");
    CHECK(diagnosis.findings[1].code == "layered-entry-missing");
}

TEST_CASE("doctor: what blocks LSPs is not told where there is none") {
    Facts facts = not_installed();
    facts.blocks.extension_points_disabled = facts.blocks.dll_rules = facts.blocks.smart_app_control = true;
    CHECK(diagnose(facts).findings.empty());
}

TEST_CASE("doctor: a DLL that is not good is not proposed to repair with") {
    Facts facts = healthy();
    dll(facts, our_dll).replaceable_by = "S-1-1-0";
    dll(facts, our_dll32, 1).exists = false;
    dll(facts, our_dll32, 1).is_provider = false;
    CHECK(diagnose(facts).dll.empty());
    CHECK(diagnose(facts).dll32.empty());
}

TEST_CASE("doctor reads who may write the policy store from the key itself") {
    REQUIRE(create_policy_store());
    const auto set_rights = [](const wchar_t* sddl) {
        RegistryKey key;
        REQUIRE(key.open(HKEY_LOCAL_MACHINE, policy_store_key, WRITE_DAC | WRITE_OWNER) == ERROR_SUCCESS);
        SecurityAttributes security(sddl);
        // The owner too: Wine makes the key without one, and puts the process's own group there with the first list.
        constexpr SECURITY_INFORMATION both = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        REQUIRE(RegSetKeySecurity(key.get(), both, security.get()->lpSecurityDescriptor) == ERROR_SUCCESS);
    };
    const auto writable_by = [] {
        const auto facts = collect_facts();
        REQUIRE_MESSAGE(facts, message_of(facts));
        return facts->store_writable_by;
    };
    CHECK(writable_by() == "");
    set_rights(L"O:BAD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KA;;;BU)");
    CHECK(writable_by() == "S-1-5-32-545");
    set_rights(L"O:BAD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;0x4;;;AU)");  // they may make subkeys
    CHECK(writable_by() == "S-1-5-11");
    set_rights(policy_store_rights);
    CHECK(writable_by() == "");
}
