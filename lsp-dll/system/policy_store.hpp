// The policy store, read: HKLM\SOFTWARE\winsock-lsp in the 64-bit view (design §7). It is written by
// ../setup/tunnels/policy_store_write.hpp.
//
//   Policy             REG_MULTI_SZ   the administrator's rules, a line each
//   Tunnels\<name>     volatile       one per published tunnel; its value "Definition" (REG_SZ) is written at once
//   DelegatedTunnels\<name>           the same, written by those who may publish without being administrators; not
//                                     trusted (delegation.hpp). The key exists only where `install` made it
//   HostModel          volatile       what publishing changed of the host model (host_model.hpp)
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../core/readable.hpp"
#include "delegation.hpp"
#include "error.hpp"
#include "interfaces.hpp"
#include "process.hpp"
#include "store_reader.hpp"

namespace lsp::system {

// A tunnel as the store holds it.
struct StoredTunnel {
    Tunnel tunnel;         // tunnel.name is always set
    std::string rejected;  // why the definition was rejected; empty if it is good
    bool alive = true;     // false: its publisher is dead, every process ignores it
};

struct StoredPolicy {
    std::vector<std::string> lines;
    Vector<Rule> rules;
    std::string rejected;  // why the lines were rejected as a whole; then `rules` is empty
    std::vector<StoredTunnel> tunnels;
};

// A good definition whose publisher lives.
inline bool is_in_force(const StoredTunnel& stored) { return stored.rejected.empty() && stored.alive; }
// Those that count, in the order of their rules.
std::vector<Tunnel> tunnels_in_force(const std::vector<StoredTunnel>& tunnels);

// Reads everything (StoreReader). Interfaces that
// rules name are resolved by this call: one that the host does not have keeps index 0, and `source interface` without
// an address keeps an empty source: what becomes of such a rule is said in core/decide.hpp. A store that does not exist
// is an empty policy, not an error. Garbage is reported in `rejected`, never an error. Errors: only what keeps the
// registry from being read.
Result<StoredPolicy> read_policy();

// One subkey's, as TunnelReader.
LONG read_stored_tunnel(HKEY tunnels, const std::wstring& name, StoredTunnel& stored);

// Why a delegated tunnel is not in force on a host with these addresses, beside these tunnels, as a sentence; or empty.
// See delegation.hpp.
std::string delegated_tunnel_fault(const Tunnel& tunnel, const std::vector<InterfaceAddress>& addresses,
                                   std::span<const StoredTunnel> others,
                                   const InterfaceQuestions& ask = InterfaceQuestions());

std::string store_name();  // as messages name it

}  // namespace lsp::system
