// The host's addresses as the system tells them, without the C++ run time; interfaces.hpp has them as a list.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "../core/address.hpp"
#include "pages.hpp"

namespace lsp::system {

struct HostAddress {
    std::uint32_t interface_index = 0;
    Prefix address;
    std::wstring_view alias;  // friendly name, may be empty
};

class HostAddresses {
  public:
    // Every unicast address of the host. GetAdaptersAddresses, or GetIpAddrTable (IPv4) where that is absent. A Win32
    // error, 0 on success; ERROR_NOT_ENOUGH_MEMORY if there is no memory for the answer.
    std::uint32_t read() noexcept;

    std::span<const HostAddress> all() const noexcept {
        return {static_cast<const HostAddress*>(entries_.get()), count_};
    }
    // The function that was asked.
    const char* function() const noexcept { return function_; }

  private:
    std::uint32_t ask_adapters() noexcept;
    std::uint32_t ask_ip_table() noexcept;
    bool make_room(std::size_t count) noexcept;
    void add(const HostAddress& entry) noexcept;

    Pages table_;  // the system's, where the aliases are
    Pages entries_;
    std::size_t count_ = 0;
    const char* function_ = "";
};

}  // namespace lsp::system
