// Private to system: the host model over the three functions of the system that it needs, so that a test can stand in
// for them. enable_weak_host and restore_host_model are declared in interfaces.hpp.
#pragma once

#include "interfaces.hpp"
#include "ip_helper.hpp"

namespace lsp::system {

struct HostModelFunctions {
    void(WINAPI* initialize)(MIB_IPINTERFACE_ROW*) = nullptr;
    DWORD(WINAPI* get)(MIB_IPINTERFACE_ROW*) = nullptr;
    DWORD(WINAPI* set)(MIB_IPINTERFACE_ROW*) = nullptr;
    // The system is known to let any source leave through any interface: NT 5, and Wine.
    bool weak_by_nature = false;

    bool complete() const noexcept { return initialize != nullptr && get != nullptr && set != nullptr; }
};

HostModelFunctions system_host_model();

Result<std::vector<HostModelChange>> enable_weak_host(const HostModelFunctions& functions,
                                                      std::uint32_t source_interface, std::uint32_t tunnel_interface,
                                                      Family family);
Outcome restore_host_model(const HostModelFunctions& functions, const std::vector<HostModelChange>& changes);

}  // namespace lsp::system
