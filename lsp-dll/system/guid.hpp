// GUIDs as the registry writes them: "{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}".
#pragma once

#include <winsock2.h>

#include <optional>
#include <string>
#include <string_view>

namespace lsp::system {

std::string guid_text(const GUID& guid);
// Nothing but that form, in either case.
std::optional<GUID> parse_guid(std::string_view text) noexcept;

}  // namespace lsp::system
