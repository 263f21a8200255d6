// The policy store, read: HKLM\SOFTWARE\winsock-lsp in the 64-bit view (design §7). It is written by
// ../setup/tunnels/policy_store_write.hpp.
//
//   Policy             REG_MULTI_SZ   the administrator's rules, a line each
//   Tunnels\<name>     volatile       one per published tunnel; its value "Definition" (REG_SZ) is written at once
//   DelegatedTunnels\<name>           the same, written by those who may publish without being administrators; not
//                                     trusted (delegation.hpp). The key exists only where `install` made it
//   HostModel          volatile       what publishing changed of the host model (host_model.hpp)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../core/policy.hpp"
#include "../core/stored_values.hpp"
#include "../core/tunnel.hpp"
#include "error.hpp"

namespace lsp::system {

inline constexpr wchar_t policy_store_key[] = L"SOFTWARE\\winsock-lsp";

// A tunnel as the store holds it.
struct StoredTunnel {
    Tunnel tunnel;         // tunnel.name is always set
    std::string rejected;  // why the definition was rejected; empty if it is good
    bool alive = true;     // false: its publisher is dead, every process ignores it
};

struct StoredPolicy {
    std::vector<std::string> lines;
    std::vector<Rule> rules;
    std::string rejected;  // why the lines were rejected as a whole; then `rules` is empty
    std::vector<StoredTunnel> tunnels;
};

// A good definition whose publisher lives.
inline bool is_in_force(const StoredTunnel& stored) { return stored.rejected.empty() && stored.alive; }
// Those that count, in the order of their rules.
std::vector<Tunnel> tunnels_in_force(const std::vector<StoredTunnel>& tunnels);

inline constexpr std::size_t most_tunnels = 64;
inline constexpr std::size_t most_delegated_tunnels = 16;

// Reads everything. A tunnel beyond `most_tunnels`, or `most_delegated_tunnels`, of those whose publishers live is
// rejected, and so is a delegated one that this host's addresses do not bear out (delegation.hpp). Interfaces that
// rules name are resolved by this call: one that the host does not have keeps index 0, and `source interface` without
// an address keeps an empty source: what becomes of such a rule is said in core/decide.hpp. A store that does not exist
// is an empty policy, not an error. Garbage is reported in `rejected`, never an error. Errors: only what keeps the
// registry from being read.
// PolicyPart::tunnels leaves the rules out.
enum class PolicyPart { all, tunnels };
Result<StoredPolicy> read_policy(PolicyPart part = PolicyPart::all);

// This process as a publisher.
Publisher current_publisher();
// False if the process is gone or its id belongs to a later process.
bool is_alive(const Publisher& publisher);

struct PolicyChange {
    bool rules = false;    // the administrator's rules may have changed,
    bool tunnels = false;  // tunnels may have: always with `rules`
    explicit operator bool() const noexcept { return rules || tunnels; }
};

// Tells that the store may have changed since the last call, by RegNotifyChangeKeyValue's event: no thread, no polling
// of the content. One object per process.
class PolicyWatch {
  public:
    PolicyWatch();
    ~PolicyWatch();
    PolicyWatch(const PolicyWatch&) = delete;
    PolicyWatch& operator=(const PolicyWatch&) = delete;

    // Both the first time, and whenever the store was created or deleted since, or something written to the key itself;
    // tunnels alone when one was written, or a watched publisher died. Of delegated tunnels it tells at most once a
    // second. What the caller reads after it is at least as new as what it tells of. One thread at a time.
    PolicyChange changed();

    // Watches the publishers of these tunnels; replaces those given before.
    void watch_publishers(const std::vector<Tunnel>& tunnels);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lsp::system
