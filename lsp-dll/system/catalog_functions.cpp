#include "catalog_functions.hpp"

#include <sporder.h>

#include "system_function.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

constexpr int enumeration_attempts = 8;  // the catalog may grow between two questions
constexpr int longest_path = 32 * 1024;  // characters

using EnumProtocols = int WSPAPI(LPINT, LPWSAPROTOCOL_INFOW, LPDWORD, LPINT);
using GetProviderPath = int WSPAPI(LPGUID, WCHAR*, LPINT, LPINT);
using DeinstallProvider = int WSPAPI(LPGUID, LPINT);
using WriteProviderOrder = int WSPAPI(LPDWORD, DWORD);
using InstallProviderAndChains = int WSPAPI(LPGUID, LPWSTR, LPWSTR, LPWSTR, DWORD, LPWSAPROTOCOL_INFOW, DWORD, LPDWORD,
                                            LPINT);

// They exist in a 64-bit ws2_32 only.
constinit SystemFunction<EnumProtocols> enum_protocols32{SystemLibrary::ws2_32, "WSCEnumProtocols32"};
constinit SystemFunction<GetProviderPath> get_provider_path32{SystemLibrary::ws2_32, "WSCGetProviderPath32"};
constinit SystemFunction<DeinstallProvider> deinstall_provider32{SystemLibrary::ws2_32, "WSCDeinstallProvider32"};
constinit SystemFunction<WriteProviderOrder> write_provider_order32{SystemLibrary::ws2_32, "WSCWriteProviderOrder32"};
constinit SystemFunction<InstallProviderAndChains> install_provider_and_chains{SystemLibrary::ws2_32,
                                                                               "WSCInstallProviderAndChains64_32"};

bool is_native(Architecture architecture) noexcept { return architecture == native_architecture; }

// A 32-bit process has the native functions only, under whose names its own catalog is.
template <typename Signature>
Signature* other(SystemFunction<Signature>& function, Architecture architecture) noexcept {
    return architecture == Architecture::ia32 && native_architecture == Architecture::x64 ? function.get() : nullptr;
}

// Some of these functions fail without an error number.
int failure(int error) { return error != 0 ? error : WSASYSCALLFAILURE; }

}  // namespace

int enumerate_infos(Architecture architecture, std::vector<WSAPROTOCOL_INFOW>& infos) {
    EnumProtocols* const function = is_native(architecture) ? &WSCEnumProtocols : other(enum_protocols32, architecture);
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
    GetProviderPath* const function =
        is_native(architecture) ? &WSCGetProviderPath : other(get_provider_path32, architecture);
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

int deinstall(Architecture architecture, const GUID& provider) {
    DeinstallProvider* const function =
        is_native(architecture) ? &WSCDeinstallProvider : other(deinstall_provider32, architecture);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    GUID id = provider;
    int error = 0;
    return function(&id, &error) == 0 ? 0 : failure(error);
}

int write_order(Architecture architecture, std::vector<DWORD> ids) {
    WriteProviderOrder* const function =
        is_native(architecture) ? &WSCWriteProviderOrder : other(write_provider_order32, architecture);
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    // Its result is the error itself.
    return function(ids.data(), static_cast<DWORD>(ids.size()));
}

int install(const GUID& provider, const std::wstring& path, std::vector<WSAPROTOCOL_INFOW> infos) {
    GUID id = provider;
    int error = 0;
    const int result = WSCInstallProvider(&id, path.c_str(), infos.data(), static_cast<DWORD>(infos.size()), &error);
    return result == 0 ? 0 : failure(error);
}

bool has_install_with_chains() noexcept { return install_provider_and_chains.get() != nullptr; }

int install_with_chains(const GUID& provider, const InstallOptions& options, DWORD service_flags,
                        std::vector<WSAPROTOCOL_INFOW> protocols) {
    const auto function = install_provider_and_chains.get();
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    GUID id = provider;
    // It takes pointers to what it could change.
    std::wstring path = options.dll, path32 = options.dll32, name = options.name;
    DWORD layered_id = 0;
    int error = 0;
    const int result = function(&id, path.data(), path32.data(), name.data(), service_flags, protocols.data(),
                                static_cast<DWORD>(protocols.size()), &layered_id, &error);
    return result == 0 ? 0 : failure(error);
}

bool has_catalog(Architecture architecture) noexcept {
    return is_native(architecture) ||
           (other(enum_protocols32, architecture) != nullptr && other(get_provider_path32, architecture) != nullptr &&
            other(deinstall_provider32, architecture) != nullptr);
}

std::string function_name(const char* native_name, Architecture architecture) {
    return concat({native_name, is_native(architecture) ? "" : "32"});
}

}  // namespace lsp::system
