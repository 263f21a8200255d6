// Programs that Windows loads no LSP into, and why.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lsp::setup {

// What keeps LSPs out of programs.
struct BlockFacts {
    bool extension_points_disabled = false;              // for all programs
    std::vector<std::wstring> without_extension_points;  // programs
    std::vector<std::wstring> microsoft_only;            // programs that load DLLs signed by Microsoft only
    std::vector<std::wstring> categorised;               // programs that are permitted some LSP categories only
    bool smart_app_control = false;                      // unsigned DLLs are not loaded
    bool dll_rules = false;                              // AppLocker's are enforced
};

BlockFacts block_facts();

// Why Windows keeps LSPs out of the program with that image, a full path; UTF-8.
enum class Block : std::uint8_t {
    none,              // as far as can be told from outside
    extension_points,  // it runs without extension points (MitigationOptions)
    microsoft_only,    // it loads DLLs that Microsoft has signed, and no others
    category,          // only LSPs of some categories are permitted (WSCSetApplicationCategory); ours has none
    packaged,          // it is a packaged app, and these mostly run in app containers
};
Block block_of(std::string_view image);

const char* to_string(Block block) noexcept;  // the enumerator's name

}  // namespace lsp::setup
