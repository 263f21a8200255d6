// What a protocol catalog says of chains, as values. Nothing here calls the system.
#pragma once

#include <winsock2.h>
#include <ws2spi.h>

#include <optional>
#include <span>

namespace lsp::system {

// A 64-bit Windows has two catalogs. A 32-bit process sees only the 32-bit one.
enum class Architecture { x64, ia32 };
#ifdef _WIN64
inline constexpr Architecture native_architecture = Architecture::x64;
#else
inline constexpr Architecture native_architecture = Architecture::ia32;
#endif

// The provider id of our layered entry (what GetLspGuid exports).
extern const GUID provider_guid;

// NetworkDirect entries (Windows 8) speak to hardware around the socket calls.
inline constexpr DWORD network_direct = 0x10;  // PFL_NETWORKDIRECT_PROVIDER

// All entries of a catalog, hidden ones too, in catalog order.
using Entries = std::span<const WSAPROTOCOL_INFOW>;

const WSAPROTOCOL_INFOW* find_entry(Entries entries, DWORD id) noexcept;
// The ids in an entry's chain: its length as far as it can be believed.
std::span<const DWORD> ids_in_chain(const WSAPROTOCOL_INFOW& info) noexcept;
bool same_protocol(const WSAPROTOCOL_INFOW& a, const WSAPROTOCOL_INFOW& b) noexcept;
bool same_guid(const GUID& a, const GUID& b) noexcept;

bool is_our_layered(const WSAPROTOCOL_INFOW& info) noexcept;
// The id of our layered entry, or of a chain that starts with it.
bool is_our_id(Entries entries, DWORD id) noexcept;

// The lower neighbour in the chain that our WSPStartup was given (see lower_provider.hpp). They point to what
// choose_lower and choose_base were given: in the stack of somebody else's thread such structures are large.
struct LowerChoice {
    const WSAPROTOCOL_INFOW* info = nullptr;
    const WSAPROTOCOL_INFOW* startup_info = nullptr;
};
std::optional<LowerChoice> choose_lower(const WSAPROTOCOL_INFOW& chain, Entries entries) noexcept;
// The first base provider of the same family, type and protocol.
std::optional<LowerChoice> choose_base(const WSAPROTOCOL_INFOW& chain, Entries entries) noexcept;

}  // namespace lsp::system
