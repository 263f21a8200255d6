// Private to system and setup: the WSC functions of either catalog. Those that change it are
// setup/catalog_changes.hpp's.
#pragma once

#include "pages.hpp"
#include "protocol_chains.hpp"
#include "system_function.hpp"

namespace lsp::system {

// A catalog as it was read, in pages of its own: WSPStartup has no other memory.
class CatalogEntries {
  public:
    // A Winsock error, 0 on success; ERROR_NOT_SUPPORTED where this process has no way to that catalog, WSAENOBUFS if
    // there is no memory.
    int read(Architecture architecture) noexcept;
    Entries all() const noexcept { return {static_cast<const WSAPROTOCOL_INFOW*>(pages_.get()), count_}; }

  private:
    Pages pages_;
    std::size_t count_ = 0;
};

// A provider's DLL as the catalog has it, with a zero. `length` is the room in characters; what it should have been
// where that is too little (WSAEFAULT). Errors as above.
int provider_path(Architecture architecture, const GUID& provider, wchar_t* path, int& length) noexcept;

// True if this process can read and change that catalog.
bool has_catalog(Architecture architecture) noexcept;

// The function for that catalog, null if this process has none. A 32-bit process has the native ones only, under whose
// names its own catalog is; a 64-bit one has a second set, whose names end in 32.
template <typename Signature>
Signature* function_for(Architecture architecture, Signature* native, SystemFunction<Signature>& of_ia32) noexcept {
    if (architecture == native_architecture) return native;
    return architecture == Architecture::ia32 ? of_ia32.get() : nullptr;
}

// The error of a failed call; some of these functions fail without a number.
int failure(int error) noexcept;

}  // namespace lsp::system
