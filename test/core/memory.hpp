// core/memory.hpp for the tests: the heap, or an arena as in winsock-lsp.dll while an ArenaInUse lives.
#pragma once

#include <memory>

#include "core/arena.hpp"

namespace test_memory {

class ArenaInUse {
  public:
    // An arena of exactly so many bytes.
    explicit ArenaInUse(std::size_t bytes);
    ~ArenaInUse();
    ArenaInUse(const ArenaInUse&) = delete;
    ArenaInUse& operator=(const ArenaInUse&) = delete;

    lsp::Arena& arena() { return arena_; }
    const lsp::Arena& arena() const { return arena_; }

  private:
    std::unique_ptr<unsigned char[]> block_;
    lsp::Arena arena_;
};

}  // namespace test_memory
