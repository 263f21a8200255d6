// Windows' own record of changes of the Winsock catalog: the channel Microsoft-Windows-Winsock-WS2HELP/Operational.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "error.hpp"

namespace lsp::system {

inline constexpr wchar_t catalog_log_channel[] = L"Microsoft-Windows-Winsock-WS2HELP/Operational";

struct CatalogLog {
    bool exists = false;               // false: this Windows has no such channel
    std::optional<bool> enabled;       // whether it is recorded; nothing if Windows does not tell
    std::vector<std::string> records;  // each an event's XML, UTF-8, newest first
};

// At most `most` records. Errors: as the system gives them, ERROR_ACCESS_DENIED among them; that there is no channel,
// or no event log at all, is none.
Result<CatalogLog> read_catalog_log(std::uint32_t most);

}  // namespace lsp::system
