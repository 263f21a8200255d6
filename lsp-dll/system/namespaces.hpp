// The Winsock namespace catalog, read: who answers name look-ups. It is changed by ../setup.
#pragma once

#include "catalog.hpp"

namespace lsp::system {

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
Result<std::vector<NamespaceProvider>> enumerate_namespaces(Architecture architecture = native_architecture);

}  // namespace lsp::system
