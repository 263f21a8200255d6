// Sections that several processes share, as whoever maps one sees it.
#pragma once

#include <cstddef>

namespace lsp {

// `memory` is what was mapped, `size` how much of it there is. Null if it is too short, or not of the section's magic
// and version.
template <typename Section>
const Section* as_section(const void* memory, std::size_t size) noexcept {
    if (memory == nullptr || size < sizeof(Section)) return nullptr;
    const auto* const section = static_cast<const Section*>(memory);
    const bool ours = section->magic == Section::expected_magic && section->version == Section::expected_version;
    return ours ? section : nullptr;
}

}  // namespace lsp
