// The Winsock namespace catalog, read: who answers name look-ups. It is changed by restore_namespaces.
#pragma once

#include "../system/catalog.hpp"

namespace lsp::setup {

struct NamespaceProvider {
    GUID id{};
    std::wstring name;     // for people, in the language of Windows
    DWORD name_space = 0;  // NS_DNS, NS_NLA, …
    DWORD version = 0;     // the provider's own
    bool active = false;
    std::wstring path;        // as registered, environment strings not expanded; empty if the registry does not tell
    std::wstring identifier;  // as registered: the name, or "@dll,-id", from which Windows makes it; empty likewise
    bool stores_service_classes = false;
};

// All of them, inactive ones too, in the order in which they are asked. WSAEnumNameSpaceProvidersW or
// WSCEnumNameSpaceProviders32; no function gives path and identifier, which are read from the registry
// (NameSpace_Catalog5). Errors: ERROR_NOT_SUPPORTED if this process cannot see that catalog, or the code of the failing
// call.
system::Result<std::vector<NamespaceProvider>> enumerate_namespaces(
    system::Architecture architecture = system::native_architecture);

}  // namespace lsp::setup
