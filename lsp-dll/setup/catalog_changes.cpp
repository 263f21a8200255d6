#include "catalog_changes.hpp"

#include <sporder.h>

#include "../system/catalog_functions.hpp"
#include "../system/text.hpp"
#include "cancel.hpp"

namespace lsp::setup {
namespace {

using DeinstallProvider = int WSPAPI(LPGUID, LPINT);
using WriteProviderOrder = int WSPAPI(LPDWORD, DWORD);
using InstallProviderAndChains = int WSPAPI(LPGUID, LPWSTR, LPWSTR, LPWSTR, DWORD, LPWSAPROTOCOL_INFOW, DWORD, LPDWORD,
                                            LPINT);

using UpdateProvider = int WSPAPI(LPGUID, const WCHAR*, const LPWSAPROTOCOL_INFOW, DWORD, LPINT);

constinit SystemFunction<UpdateProvider> update_provider{SystemLibrary::ws2_32, "WSCUpdateProvider"};

// They exist in a 64-bit ws2_32 only.
constinit SystemFunction<UpdateProvider> update_provider32{SystemLibrary::ws2_32, "WSCUpdateProvider32"};
constinit SystemFunction<UpdateProvider> install_provider64_32{SystemLibrary::ws2_32, "WSCInstallProvider64_32"};
constinit SystemFunction<DeinstallProvider> deinstall_provider32{SystemLibrary::ws2_32, "WSCDeinstallProvider32"};
constinit SystemFunction<WriteProviderOrder> write_provider_order32{SystemLibrary::ws2_32, "WSCWriteProviderOrder32"};
constinit SystemFunction<InstallProviderAndChains> install_provider_and_chains{SystemLibrary::ws2_32,
                                                                               "WSCInstallProviderAndChains64_32"};

// Another installer is at work (documented for WSCInstallProviderAndChains64_32), or the catalog was changed meanwhile.
bool is_busy(int error) noexcept { return error == WSAEINPROGRESS || error == WSATRY_AGAIN; }

// A second and a quarter in all.
template <typename Call>
int with_patience(Call call) {
    for (DWORD wait_ms = 10;; wait_ms *= 2) {
        if (is_cancelled()) return cancelled_error;
        const int error = call();
        if (!is_busy(error) || wait_ms > 640) return error;
        Sleep(wait_ms);
    }
}

}  // namespace

int deinstall(Architecture architecture, const GUID& provider) {
    DeinstallProvider* const function = function_for(architecture, &WSCDeinstallProvider, deinstall_provider32);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    return with_patience([&] {
        GUID id = provider;
        int error = 0;
        return function(&id, &error) == 0 ? 0 : failure(error);
    });
}

int write_order(Architecture architecture, std::vector<DWORD> ids) {
    WriteProviderOrder* const function = function_for(architecture, &WSCWriteProviderOrder, write_provider_order32);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    // Its result is the error itself.
    return with_patience([&] { return function(ids.data(), static_cast<DWORD>(ids.size())); });
}

int install(const GUID& provider, const std::wstring& path, std::vector<WSAPROTOCOL_INFOW> infos) {
    return with_patience([&] {
        GUID id = provider;
        int error = 0;
        const auto count = static_cast<DWORD>(infos.size());
        return WSCInstallProvider(&id, path.c_str(), infos.data(), count, &error) == 0 ? 0 : failure(error);
    });
}

int install_in_both(const GUID& provider, const std::wstring& path, std::vector<WSAPROTOCOL_INFOW> infos) {
    const auto function = install_provider64_32.get();
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    return with_patience([&] {
        GUID id = provider;
        int error = 0;
        const auto count = static_cast<DWORD>(infos.size());
        return function(&id, path.c_str(), infos.data(), count, &error) == 0 ? 0 : failure(error);
    });
}

int update(Architecture architecture, const GUID& provider, const std::wstring& path,
           std::vector<WSAPROTOCOL_INFOW> infos) {
    const auto function = function_for(architecture, update_provider.get(), update_provider32);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    return with_patience([&] {
        GUID id = provider;
        int error = 0;
        const auto count = static_cast<DWORD>(infos.size());
        return function(&id, path.c_str(), infos.data(), count, &error) == 0 ? 0 : failure(error);
    });
}

bool has_install_with_chains() noexcept { return install_provider_and_chains.get() != nullptr; }

int install_with_chains(const GUID& provider, const InstallOptions& options, DWORD service_flags,
                        std::vector<WSAPROTOCOL_INFOW> protocols) {
    const auto function = install_provider_and_chains.get();
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    return with_patience([&] {
        GUID id = provider;
        // It takes pointers to what it could change.
        std::wstring path = options.dll, path32 = options.dll32, name = options.name;
        DWORD layered_id = 0;
        int error = 0;
        const int result = function(&id, path.data(), path32.data(), name.data(), service_flags, protocols.data(),
                                    static_cast<DWORD>(protocols.size()), &layered_id, &error);
        return result == 0 ? 0 : failure(error);
    });
}

Error call_error(int error, std::string_view function, std::string_view attempt, std::string_view remedy) {
    if (error == cancelled_error) return cancelled(attempt);
    const char* why = "";
    if (is_busy(error)) why = "Another program is changing the catalog: try again when it is done.";
    if (error == WSAEACCES || error == ERROR_ACCESS_DENIED) why = "Run it from an elevated prompt.";
    if (error == WSANO_RECOVERY) {
        why = "Windows could not read or write the catalog's registry keys: a security product may guard them.";
    }
    const std::string what = *why == '\0' ? std::string(remedy) : concat({why, remedy.empty() ? "" : " ", remedy});
    Error result = system_error(static_cast<std::uint32_t>(error), function, attempt, what);
    if (is_busy(error)) result.code = "ERR_CATALOG_BUSY";
    return result;
}

Error wsc_error(int error, const char* native_name, Architecture architecture, std::string_view attempt) {
    return call_error(error, function_name(native_name, architecture), attempt, {});
}

}  // namespace lsp::setup
