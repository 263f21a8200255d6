#include "provider_info.hpp"

#include "../system/catalog_functions.hpp"

namespace lsp::setup {
namespace {

using GetProviderInfo = int WSPAPI(LPGUID, WSC_PROVIDER_INFO_TYPE, PBYTE, size_t*, DWORD, LPINT);
using SetProviderInfo = int WSPAPI(LPGUID, WSC_PROVIDER_INFO_TYPE, PBYTE, size_t, DWORD, LPINT);

constinit SystemFunction<GetProviderInfo> get_provider_info{SystemLibrary::ws2_32, "WSCGetProviderInfo"};
constinit SystemFunction<GetProviderInfo> get_provider_info32{SystemLibrary::ws2_32, "WSCGetProviderInfo32"};
constinit SystemFunction<SetProviderInfo> set_provider_info{SystemLibrary::ws2_32, "WSCSetProviderInfo"};
constinit SystemFunction<SetProviderInfo> set_provider_info32{SystemLibrary::ws2_32, "WSCSetProviderInfo32"};

}  // namespace

std::optional<DWORD> lsp_categories(Architecture architecture, const GUID& provider) {
    const auto function = function_for(architecture, get_provider_info.get(), get_provider_info32);
    if (function == nullptr) return std::nullopt;
    GUID id = provider;
    DWORD categories = 0;
    size_t size = sizeof(categories);
    int error = 0;
    if (function(&id, ProviderInfoLspCategories, reinterpret_cast<PBYTE>(&categories), &size, 0, &error) != 0 ||
        size != sizeof(categories)) {
        return std::nullopt;
    }
    return categories;
}

int set_lsp_categories(Architecture architecture, const GUID& provider, DWORD categories) {
    const auto function = function_for(architecture, set_provider_info.get(), set_provider_info32);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    GUID id = provider;
    int error = 0;
    return function(&id, ProviderInfoLspCategories, reinterpret_cast<PBYTE>(&categories), sizeof(categories), 0,
                    &error) == 0
               ? 0
               : failure(error);
}

}  // namespace lsp::setup
