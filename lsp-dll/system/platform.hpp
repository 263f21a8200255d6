// What Wine does otherwise than the Windows that it says it is, one function a question. Asked nowhere else, so that
// each is answered by what it depends on: most of it by Wine's iphlpapi, which a test may have replaced.
#pragma once

namespace lsp::system {

// False where NotifyUnicastIpAddressChange says that it will tell and never does.
bool tells_of_address_changes() noexcept;

// False where SetIpInterfaceEntry is missing because the system lets any source leave through any interface: before
// Vista, and where Linux sends the packets.
bool has_strong_host() noexcept;

// False where GetIfEntry2 calls every interface but the loopback one a network card.
bool knows_hardware_interfaces() noexcept;

// False where GetIpInterfaceEntry calls every interface disconnected.
bool knows_connected_interfaces() noexcept;

// False where everybody may write everywhere, whatever the access control lists say.
bool enforces_access_rights() noexcept;

}  // namespace lsp::system
