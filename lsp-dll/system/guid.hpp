// GUIDs as the registry writes them: "{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}".
#pragma once

#include <winsock2.h>

#include <optional>
#include <string>
#include <string_view>

namespace lsp::system {

// Where each byte of the GUID is in the text, as the number of its first digit's place.
inline constexpr unsigned char guid_places[16] = {7, 5, 3, 1, 12, 10, 17, 15, 20, 22, 25, 27, 29, 31, 33, 35};
inline constexpr std::string_view guid_form = "{........-....-....-....-............}";

std::string guid_text(const GUID& guid);
// Nothing but that form, in either case.
std::optional<GUID> parse_guid(std::string_view text) noexcept;

}  // namespace lsp::system
