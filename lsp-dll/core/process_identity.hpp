// A process, told from a later one that has its id.
#pragma once

#include <cstdint>

namespace lsp {

struct ProcessIdentity {
    std::uint32_t process_id = 0;
    std::uint64_t started = 0;  // its creation time as a FILETIME (100 ns since 1601)

    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

}  // namespace lsp
