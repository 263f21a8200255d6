#include "catalog_age.hpp"

#include "process.hpp"
#include "registry.hpp"

namespace lsp::system {

bool catalog_changed_since_start() noexcept {
    // ws2_32 writes a serial number there with each change (Serial_Access_Num), of either bitness's entries.
    constexpr wchar_t path[] = L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\Protocol_Catalog9";
    RegistryKey key;
    FILETIME written{};
    if (key.open(HKEY_LOCAL_MACHINE, path, KEY_QUERY_VALUE) != ERROR_SUCCESS ||
        RegQueryInfoKeyW(key.get(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                         nullptr, &written) != ERROR_SUCCESS) {
        return false;
    }
    return (std::uint64_t{written.dwHighDateTime} << 32U | written.dwLowDateTime) > current_process().started;
}

}  // namespace lsp::system
