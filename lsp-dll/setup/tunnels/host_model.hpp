// The host model (design §8), and what publishing a tunnel has changed of it.
//
// Each switch that we turn on is recorded first, with how it stood before, in the volatile key HostModel of the policy
// store. The record is deleted once the switch is back; until then it tells every later writer, whatever became of the
// one that made it, that the switch is ours and was off. It is not part of a tunnel's own record: two tunnels may need
// the same switch, and a tunnel's record may be written by people who must not change the host model.
#pragma once

#include <cstdint>
#include <vector>

#include "../../core/tunnel.hpp"
#include "../../system/error.hpp"
#include "../../system/ip_helper.hpp"

namespace lsp::setup {

// The functions of the system that this needs, so that a test can stand in for them.
struct HostModelFunctions {
    void(WINAPI* initialize)(MIB_IPINTERFACE_ROW*) = nullptr;
    DWORD(WINAPI* get)(MIB_IPINTERFACE_ROW*) = nullptr;
    DWORD(WINAPI* set)(MIB_IPINTERFACE_ROW*) = nullptr;
    // The system is known to let any source leave through any interface: NT 5, and Wine.
    bool weak_by_nature = false;

    bool complete() const noexcept { return initialize != nullptr && get != nullptr && set != nullptr; }
};

HostModelFunctions system_host_model();

enum class HostModelSetting : std::uint8_t { weak_host_send, weak_host_receive };

// A switch that a tunnel needs on.
struct HostModelSwitch {
    std::uint32_t interface_index = 0;  // 0: of whichever interface had the source that the host does not have now
    Family family = Family::ipv4;
    HostModelSetting setting = HostModelSetting::weak_host_send;

    friend bool operator==(const HostModelSwitch&, const HostModelSwitch&) = default;
};

// What lets a packet with the tunnel's source leave through the tunnel, and its answer come in: WeakHostSend on the
// interface that has the source, WeakHostReceive on the tunnel's, for each family with a source.
std::vector<HostModelSwitch> switches_for(const Tunnel& tunnel);

// True if the switch is on, or the system needs none. Errors: ERROR_NOT_FOUND (no such interface), ERR_HOST_MODEL (the
// system has such switches and no way to them).
system::Result<bool> is_on(const HostModelFunctions& functions, const HostModelSwitch& needed);

// True if all of them are. What nobody can tell is not on.
bool are_on(const HostModelFunctions& functions, const std::vector<HostModelSwitch>& needed);

// Whether a recorded switch is among them.
bool is_needed(const HostModelSwitch& recorded, const std::vector<HostModelSwitch>& needed);

// Turns on what is off, each recorded first; what is on already needs no rights. After an error restore_host_model
// takes back what was done. Errors: ERROR_ACCESS_DENIED (the message names the switch, and how an administrator can
// turn it on), ERROR_NOT_FOUND, ERR_HOST_MODEL, others as the system gives them.
system::Outcome turn_on(const HostModelFunctions& functions, const std::vector<HostModelSwitch>& needed);

// Turns off again what is recorded and not needed by anybody, and deletes the record. An interface that is gone took
// its settings along. Goes on after an error and gives the first.
system::Outcome restore_host_model(const HostModelFunctions& functions, const std::vector<HostModelSwitch>& needed);

// The recorded switches; interface_index 0 for those of interfaces that are gone.
std::vector<HostModelSwitch> recorded_switches(const HostModelFunctions& functions);

// As messages name it: "WeakHostSend on interface 5 (IPv4)".
std::string to_string(const HostModelSwitch& each);

}  // namespace lsp::setup
