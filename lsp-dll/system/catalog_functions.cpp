#include "catalog_functions.hpp"

#include "text.hpp"

namespace lsp::system {
namespace {

constexpr int enumeration_attempts = 8;  // the catalog may grow between two questions
constexpr int longest_path = 32 * 1024;  // characters

using EnumProtocols = int WSPAPI(LPINT, LPWSAPROTOCOL_INFOW, LPDWORD, LPINT);
using GetProviderPath = int WSPAPI(LPGUID, WCHAR*, LPINT, LPINT);

// They exist in a 64-bit ws2_32 only.
constinit SystemFunction<EnumProtocols> enum_protocols32{SystemLibrary::ws2_32, "WSCEnumProtocols32"};
constinit SystemFunction<GetProviderPath> get_provider_path32{SystemLibrary::ws2_32, "WSCGetProviderPath32"};

}  // namespace

int failure(int error) noexcept { return error != 0 ? error : WSASYSCALLFAILURE; }

int enumerate_infos(Architecture architecture, std::vector<WSAPROTOCOL_INFOW>& infos) {
    EnumProtocols* const function = function_for(architecture, &WSCEnumProtocols, enum_protocols32);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    infos.resize(32);
    int error = WSAENOBUFS;
    for (int attempt = 0; attempt < enumeration_attempts; ++attempt) {
        DWORD bytes = static_cast<DWORD>(infos.size() * sizeof(WSAPROTOCOL_INFOW));
        error = 0;
        const int count = function(nullptr, infos.data(), &bytes, &error);
        if (count != SOCKET_ERROR) {
            infos.resize(static_cast<std::size_t>(count));
            return 0;
        }
        if (error != WSAENOBUFS) break;
        const std::size_t needed = bytes / sizeof(WSAPROTOCOL_INFOW) + 1;
        infos.resize(needed > infos.size() ? needed + 8 : infos.size() * 2);
    }
    infos.clear();
    return failure(error);
}

int provider_path(Architecture architecture, const GUID& provider, std::wstring& path) {
    GetProviderPath* const function = function_for(architecture, &WSCGetProviderPath, get_provider_path32);
    path.clear();
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    GUID id = provider;
    int room = MAX_PATH;
    int error = 0;
    for (int attempt = 0; attempt < 3; ++attempt) {
        path.resize(static_cast<std::size_t>(room));
        int length = room;
        error = 0;
        if (function(&id, path.data(), &length, &error) == 0) {
            const std::size_t end = path.find(L'\0');
            path.resize(end == std::wstring::npos ? 0 : end);
            return 0;
        }
        if (error != WSAEFAULT || length <= room || length > longest_path) break;
        room = length;
    }
    path.clear();
    return failure(error);
}

bool has_catalog(Architecture architecture) noexcept {
    return function_for(architecture, &WSCEnumProtocols, enum_protocols32) != nullptr;
}

std::string function_name(const char* native_name, Architecture architecture) {
    return concat({native_name, architecture == native_architecture ? "" : "32"});
}

}  // namespace lsp::system
