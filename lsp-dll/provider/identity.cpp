// GetLspGuid, by which installers and catalog tools recognise a provider's DLL.

#include "../system/catalog.hpp"

extern "C" void WSPAPI GetLspGuid(GUID* id) {
    if (id != nullptr) *id = lsp::system::provider_guid;
}
