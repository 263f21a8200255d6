// Private to setup: what a DLL is, read from its file, so that none of its code is run to find out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lsp::setup {

struct PeImage {
    std::uint16_t machine = 0;  // IMAGE_FILE_MACHINE_…
    bool is_dll = false;
    std::vector<std::string> exports;  // the names; at most 4096 are read
    std::uint64_t version = 0;         // the file's, four words; 0: it has no version resource

    // What of a policy it understands (policy_grammar in core/policy.hpp); nothing if it does not say.
    std::optional<std::uint32_t> policy_grammar;

    bool has_export(std::string_view name) const;
};

// False if the bytes are not a PE image. They may be anything.
bool parse_pe(const std::vector<unsigned char>& bytes, PeImage& image);

// "0.2.0", or "0.2.0.1" where the last word is not 0.
std::string version_text(std::uint64_t version);

}  // namespace lsp::setup
