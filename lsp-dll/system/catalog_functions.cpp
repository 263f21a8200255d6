#include "catalog_functions.hpp"

namespace lsp::system {
namespace {

constexpr int enumeration_attempts = 8;  // the catalog may grow between two questions

using EnumProtocols = int WSPAPI(LPINT, LPWSAPROTOCOL_INFOW, LPDWORD, LPINT);
using GetProviderPath = int WSPAPI(LPGUID, WCHAR*, LPINT, LPINT);

// They exist in a 64-bit ws2_32 only.
constinit SystemFunction<EnumProtocols> enum_protocols32{SystemLibrary::ws2_32, "WSCEnumProtocols32"};
constinit SystemFunction<GetProviderPath> get_provider_path32{SystemLibrary::ws2_32, "WSCGetProviderPath32"};

}  // namespace

int failure(int error) noexcept { return error != 0 ? error : WSASYSCALLFAILURE; }

int CatalogEntries::read(Architecture architecture) noexcept {
    EnumProtocols* const function = function_for(architecture, &WSCEnumProtocols, enum_protocols32);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    std::size_t room = 32;
    for (int attempt = 0; attempt < enumeration_attempts; ++attempt) {
        if (!pages_.allocate(room * sizeof(WSAPROTOCOL_INFOW))) return WSAENOBUFS;
        DWORD bytes = static_cast<DWORD>(room * sizeof(WSAPROTOCOL_INFOW));
        int error = 0;
        const int count = function(nullptr, static_cast<WSAPROTOCOL_INFOW*>(pages_.get()), &bytes, &error);
        if (count != SOCKET_ERROR) {
            count_ = static_cast<std::size_t>(count);
            return 0;
        }
        if (error != WSAENOBUFS) return failure(error);
        const std::size_t needed = bytes / sizeof(WSAPROTOCOL_INFOW) + 1;
        room = needed > room ? needed + 8 : room * 2;
    }
    return WSAENOBUFS;
}

int provider_path(Architecture architecture, const GUID& provider, wchar_t* path, int& length) noexcept {
    GetProviderPath* const function = function_for(architecture, &WSCGetProviderPath, get_provider_path32);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    GUID id = provider;
    int error = 0;
    return function(&id, path, &length, &error) == 0 ? 0 : failure(error);
}

bool has_catalog(Architecture architecture) noexcept {
    return function_for(architecture, &WSCEnumProtocols, enum_protocols32) != nullptr;
}

}  // namespace lsp::system
