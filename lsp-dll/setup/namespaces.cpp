#include "namespaces.hpp"

#include <algorithm>
#include <cstring>

#include "../system/catalog_functions.hpp"
#include "../system/registry.hpp"
#include "../system/text.hpp"

namespace lsp::setup {

using namespace system;
namespace {

constexpr wchar_t winsock_parameters_key[] = L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters";
constexpr wchar_t current_catalog_value[] = L"Current_NameSpace_Catalog";
constexpr wchar_t default_catalog[] = L"NameSpace_Catalog5";
constexpr std::size_t longest_namespace_value = 4096;  // bytes
constexpr int namespace_attempts = 8;                  // the catalog may grow between two questions
constexpr DWORD most_namespaces = 1024;

using EnumNamespaces = INT WSAAPI(LPDWORD, LPWSANAMESPACE_INFOW);

// It exists in a 64-bit ws2_32 only.
constinit SystemFunction<EnumNamespaces> enum_namespaces32{SystemLibrary::ws2_32, "WSCEnumNameSpaceProviders32"};

// WSAEnumNameSpaceProviders wants a process that has started Winsock.
class WinsockStarted {
  public:
    WinsockStarted() noexcept {
        WSADATA data;
        error_ = WSAStartup(MAKEWORD(2, 2), &data);
    }
    ~WinsockStarted() {
        if (error_ == 0) WSACleanup();
    }
    WinsockStarted(const WinsockStarted&) = delete;
    WinsockStarted& operator=(const WinsockStarted&) = delete;
    int error() const noexcept { return error_; }

  private:
    int error_;
};

std::wstring namespace_text(HKEY key, const wchar_t* name) {
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    if (read_value(key, name, longest_namespace_value, type, bytes) != ERROR_SUCCESS ||
        (type != REG_SZ && type != REG_EXPAND_SZ))
        return {};
    std::wstring text(bytes.size() / sizeof(wchar_t), L'\0');
    if (!text.empty()) std::memcpy(text.data(), bytes.data(), text.size() * sizeof(wchar_t));
    return text.substr(0, text.find(L'\0'));
}

template <typename T>
bool namespace_value(HKEY key, const wchar_t* name, T& value) {
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    if (read_value(key, name, longest_namespace_value, type, bytes) != ERROR_SUCCESS || bytes.size() != sizeof(T))
        return false;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return true;
}

void add_what_is_registered(Architecture architecture, std::vector<NamespaceProvider>& providers) {
    RegistryKey parameters, catalog, entries;
    if (parameters.open(HKEY_LOCAL_MACHINE, winsock_parameters_key, KEY_READ) != ERROR_SUCCESS) return;
    std::wstring name = namespace_text(parameters.get(), current_catalog_value);
    if (name.empty()) name = default_catalog;
    if (catalog.open(parameters.get(), name.c_str(), KEY_READ) != ERROR_SUCCESS) return;
    // A 32-bit Windows has its only catalog under the name that a 64-bit one has for the 32-bit catalog.
    const wchar_t* const entries_key = architecture == Architecture::x64 ? L"Catalog_Entries64" : L"Catalog_Entries";
    if (entries.open(catalog.get(), entries_key, KEY_READ) != ERROR_SUCCESS) return;
    std::wstring child;
    for (DWORD i = 0; i < most_namespaces && subkey_name(entries.get(), i, child) == ERROR_SUCCESS; ++i) {
        RegistryKey entry;
        GUID id{};
        if (entry.open(entries.get(), child.c_str(), KEY_READ) != ERROR_SUCCESS ||
            !namespace_value(entry.get(), L"ProviderId", id)) {
            continue;
        }
        for (NamespaceProvider& provider : providers) {
            if (InlineIsEqualGUID(provider.id, id) == 0) continue;
            provider.path = namespace_text(entry.get(), L"LibraryPath");
            provider.identifier = namespace_text(entry.get(), L"DisplayString");
            DWORD stores = 0;
            provider.stores_service_classes =
                namespace_value(entry.get(), L"StoresServiceClassInfo", stores) && stores != 0;
        }
    }
}

}  // namespace

Result<std::vector<NamespaceProvider>> enumerate_namespaces(Architecture architecture) {
    const char* const syscall =
        architecture == native_architecture ? "WSAEnumNameSpaceProvidersW" : "WSCEnumNameSpaceProviders32";
    const std::string attempt = concat({"Cannot read the ", bits_of(architecture), " namespace catalog"});
    EnumNamespaces* const function = function_for(architecture, &WSAEnumNameSpaceProvidersW, enum_namespaces32);
    if (function == nullptr) {
        return system_error(ERROR_NOT_SUPPORTED, syscall, attempt,
                            "This process cannot see that catalog: ask from a 64-bit one.");
    }
    const WinsockStarted started;
    if (started.error() != 0) return system_error(static_cast<std::uint32_t>(started.error()), "WSAStartup", attempt);

    // The names lie in the same buffer, behind the structures. Not bytes, because they have to be aligned.
    std::vector<WSANAMESPACE_INFOW> buffer(32);
    int count = SOCKET_ERROR;
    for (int i = 0; count == SOCKET_ERROR && i < namespace_attempts; ++i) {
        DWORD size = static_cast<DWORD>(buffer.size() * sizeof(WSANAMESPACE_INFOW));
        count = function(&size, buffer.data());
        if (count != SOCKET_ERROR) break;
        const int error = WSAGetLastError();
        if (error != WSAEFAULT || i + 1 == namespace_attempts) {
            return system_error(static_cast<std::uint32_t>(failure(error)), syscall, attempt);
        }
        buffer.resize(std::max<std::size_t>(size / sizeof(WSANAMESPACE_INFOW) + 8, buffer.size() * 2));
    }
    std::vector<NamespaceProvider> providers;
    for (int i = 0; i < count; ++i) {
        const WSANAMESPACE_INFOW& info = buffer[static_cast<std::size_t>(i)];
        NamespaceProvider provider;
        provider.id = info.NSProviderId;
        if (info.lpszIdentifier != nullptr) provider.name = info.lpszIdentifier;
        provider.name_space = info.dwNameSpace;
        provider.version = info.dwVersion;
        provider.active = info.fActive != FALSE;
        providers.push_back(std::move(provider));
    }
    add_what_is_registered(architecture, providers);
    return providers;
}

}  // namespace lsp::setup
