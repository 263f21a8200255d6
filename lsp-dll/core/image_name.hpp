// A program's name as telemetry has it: of fixed size, so that it fits into a record.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace lsp {

inline constexpr std::size_t longest_image_name = 32;  // bytes of UTF-8
using ImageName = char[longest_image_name];            // the end of the file's name; zeros behind it

// `path`: of the image, UTF-8. `image` is zeros.
inline void copy_image_name(std::string_view path, ImageName& image) noexcept {
    const std::size_t separator = path.find_last_of("\\/");
    if (separator != std::string_view::npos) path.remove_prefix(separator + 1);
    if (path.size() > longest_image_name) path.remove_prefix(path.size() - longest_image_name);
    std::copy(path.begin(), path.end(), image);
}

}  // namespace lsp
