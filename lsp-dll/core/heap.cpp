// memory.hpp over the heap: for the setup DLL, the addon and the tests. Not linked into winsock-lsp.dll.
#include <new>

#include "memory.hpp"

namespace lsp::memory {

void* allocate(std::size_t bytes) { return ::operator new(bytes); }
void release(void* memory, std::size_t) noexcept { ::operator delete(memory); }

}  // namespace lsp::memory
