// What is wrong on this machine, and what to do about it: facts are collected, then judged as values.
#pragma once

#include <optional>

#include "../system/policy_store.hpp"
#include "blocks.hpp"
#include "dll_facts.hpp"
#include "namespaces.hpp"
#include "openvpn.hpp"
#include "over.hpp"
#include "registered_grammar.hpp"
#include "rule_warnings.hpp"
#include "setup.hpp"

namespace lsp::setup {

struct CatalogFacts {
    Architecture architecture = native_architecture;
    std::vector<CatalogEntry> entries;
    std::vector<DllFacts> dlls;                                // of each path in the catalog, once
    std::optional<std::vector<NamespaceProvider>> namespaces;  // nothing if they could not be read
    std::vector<DllFacts> namespace_dlls;                      // of each path of theirs, once
};

struct TunnelFacts {
    StoredTunnel stored;
    bool interface_exists = true;
    // For each family with a source: whose the source is, and the two host-model switches.
    struct Source {
        IpAddress address;
        std::uint32_t owner = 0;        // interface index; 0: the host does not have the address
        std::optional<bool> weak_send;  // of the owner; nothing where the system does not tell (or is weak by nature)
        std::optional<bool> weak_receive;  // of the tunnel
    };
    std::vector<Source> sources;
};

struct OpenVpnFacts {
    std::wstring folder;  // where OpenVPN looks for plugins; empty if it is not installed
    bool plugin = false;  // our DLL is there
    bool same = true;     // with the bytes of the registered one
    bool setup = true;    // winsock-lsp-setup.dll is beside it
    std::string replaceable_by;
    std::vector<OpenVpnService> services;
};

struct Facts {
    std::vector<CatalogFacts> catalogs;  // the native one first
    Over over;                           // what the last installation chose
    std::uint16_t machine = 0;           // Windows' own (native_machine)
    bool unregistered_dll32 = false;     // winsock-lsp-ia32.dll is beside the registered DLL
    std::vector<TunnelFacts> tunnels;
    std::vector<std::string> publishers;       // groups and accounts that may publish without being administrators
    std::vector<std::string> host_model_left;  // switches that we turned on and no tunnel in force needs
    std::string policy_rejected;
    std::vector<RuleWarning> rule_warnings;
    std::vector<LineGrammar> policy_lines;  // the rules as they stand, rejected or not
    std::string store_writable_by;          // who other than administrators may write the policy store; empty if nobody
    OpenVpnFacts openvpn;
    BlockFacts blocks;
    std::vector<std::wstring> leftovers;  // files of an interrupted installation
};

enum class Severity { info, warning, error };  // info: worth knowing, and nothing is wrong

enum class Fix {
    none,
    install,                 // install_provider repairs it
    install_anew,            // install_provider; where it sees nothing to repair, with `anew`
    clear_tunnel,            // `subject` names it
    clear_delegated_tunnel,  // likewise; an administrator's may have the same name
    publish_again,           // likewise: publishing sets the host model
    restore_host_model,
    delete_file,  // `subject` is the path
};

struct Finding {
    std::string code;  // stable
    Severity severity = Severity::error;
    std::string message;  // a sentence
    std::string remedy;   // what to do, a sentence; empty for what needs nothing
    Fix fix = Fix::none;
    std::string subject;
};

struct Diagnosis {
    std::vector<Finding> findings;  // gravest first
    bool installed = false;         // something of ours is in a catalog
    // The DLLs that are registered and good, to repair with; empty where there is none.
    std::wstring dll, dll32;
    bool covers32 = false;  // the 32-bit catalog has something of ours, or is to
};

Diagnosis diagnose(const Facts& facts);

// Errors: those of enumerate_catalog and read_policy. What else cannot be read counts as not there.
Result<Facts> collect_facts();

// Deletes a file that an interrupted installation left. ERROR_INVALID_PARAMETER if collect_facts did not find it.
Outcome delete_leftover(const std::wstring& path);
// Publishes a tunnel again as it is stored, which sets the host model. ERROR_FILE_NOT_FOUND, those of publish_tunnel.
Outcome publish_again(const std::string& name);

}  // namespace lsp::setup
