// GetLspGuid, by which installers and catalog tools recognise a provider's DLL.

#include "../exported.hpp"
#include "../system/catalog.hpp"

extern "C" WINSOCK_LSP_EXPORTED void WSPAPI GetLspGuid(GUID* id) {
    if (id != nullptr) *id = lsp::system::provider_guid;
}
