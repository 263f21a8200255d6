// By what the DLL is known from outside: GetLspGuid, by which installers and catalog tools recognise a provider's DLL,
// and the number of the policies that it understands, which is read from its file (setup/pe_image.hpp): whoever writes
// a policy asks the DLLs of both catalogs, and runs neither.

#include <cstdint>

#include "../core/policy.hpp"
#include "../exported.hpp"
#include "../system/catalog.hpp"

extern "C" WINSOCK_LSP_EXPORTED void WSPAPI GetLspGuid(GUID* id) {
    if (id != nullptr) *id = lsp::system::provider_guid;
}

extern "C" {
extern WINSOCK_LSP_EXPORTED const std::uint32_t winsock_lsp_policy_grammar;
const std::uint32_t winsock_lsp_policy_grammar = lsp::policy_grammar;
}
