#include "platform.hpp"

#include <cstring>

#include "system_function.hpp"

namespace lsp::system {
namespace {

bool is_wine() noexcept { return look_up(SystemLibrary::ntdll, "wine_get_version") != nullptr; }

// Wine marks the DLLs that it has built behind their DOS header. A DLL that stands in for one of them is not marked.
bool has_wines_ip_helper() noexcept {
    constexpr char mark[] = "Wine builtin DLL";
    constexpr std::size_t place = 0x40;
    const auto* const image = reinterpret_cast<const char*>(find_library(SystemLibrary::iphlpapi));
    return image != nullptr && std::memcmp(image + place, mark, sizeof(mark) - 1) == 0;
}

}  // namespace

bool tells_of_address_changes() noexcept { return !has_wines_ip_helper(); }

bool has_strong_host() noexcept {
    const bool before_vista = look_up(SystemLibrary::kernel32, "GetTickCount64") == nullptr;
    return !before_vista && !has_wines_ip_helper();
}

bool knows_hardware_interfaces() noexcept { return !has_wines_ip_helper(); }

bool knows_connected_interfaces() noexcept { return !is_wine(); }

bool enforces_access_rights() noexcept { return !is_wine(); }

}  // namespace lsp::system
