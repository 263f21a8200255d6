// Private to setup: what a DLL is, read from its file, so that none of its code is run to find out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lsp::setup {

struct PeImage {
    std::uint16_t machine = 0;  // IMAGE_FILE_MACHINE_…
    bool is_dll = false;
    std::vector<std::string> exports;  // the names; at most 4096 are read

    bool has_export(std::string_view name) const;
};

// False if the bytes are not a PE image. They may be anything.
bool parse_pe(const std::vector<unsigned char>& bytes, PeImage& image);

}  // namespace lsp::setup
