// A shared section as its first process finds it.
#pragma once

#include <memory>

template <typename Section>
std::unique_ptr<Section> empty_section() {
    auto section = std::make_unique<Section>();
    section->magic = Section::expected_magic;
    section->version = Section::expected_version;
    return section;
}
