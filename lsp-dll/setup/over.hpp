// Over which entries of the catalog chains of ours are laid: what `install --over` chooses, and how it is remembered.
#pragma once

#include <winsock2.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../system/error.hpp"

namespace lsp::setup {

using namespace system;

// All of it unless told otherwise.
struct Over {
    // Over IPv4 and IPv6, on what is topmost for that protocol.
    bool tcp = true, udp = true, raw = true;
    // On these entries of the native catalog, base providers or chains of others, whatever stands on them already. An
    // entry counts before the choice of its protocol.
    std::vector<DWORD> ids;

    bool operator==(const Over&) const = default;
};

// "all", or a list like "tcp,udp" or "raw,1001,1004". Nothing if it is not one.
std::optional<Over> parse_over(std::wstring_view text);
std::wstring to_text(const Over& over);

// The last installation's choice, from the value "Over" of HKLM\SOFTWARE\winsock-lsp: a catalog in which a chain is
// missing looks the same as one in which it was not wanted. Nothing if there is none, or none that can be understood.
std::optional<Over> remembered_over();
// Everything is remembered as nothing. Errors: ERROR_ACCESS_DENIED …
Outcome remember_over(const Over& over);

}  // namespace lsp::setup
