#include "system_function.hpp"

#include <cstring>
#include <cwchar>

namespace lsp::system {
namespace {

// By its full path, so that no folder of the program's comes first (design §7).
HMODULE load_from_system_folder(const wchar_t* name) noexcept {
    wchar_t path[MAX_PATH];
    const UINT length = GetSystemDirectoryW(path, MAX_PATH);
    const std::size_t name_size = (std::wcslen(name) + 1) * sizeof(wchar_t);
    if (length == 0 || (length + 1) * sizeof(wchar_t) + name_size > sizeof(path)) return nullptr;
    path[length] = L'\\';
    std::memcpy(path + length + 1, name, name_size);
    return LoadLibraryW(path);
}

HMODULE imported_winsock() noexcept {
    HMODULE module = nullptr;
    // winsock2.h declares it dllimport, so this is its address in the DLL and not that of a local stub.
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       reinterpret_cast<LPCWSTR>(reinterpret_cast<void*>(&WSAStartup)), &module);
    return module;
}

}  // namespace

HMODULE find_library(SystemLibrary library) noexcept {
    switch (library) {
        case SystemLibrary::advapi32: return GetModuleHandleW(L"advapi32.dll");
        case SystemLibrary::iphlpapi: return load_from_system_folder(L"iphlpapi.dll");
        case SystemLibrary::kernel32: return GetModuleHandleW(L"kernel32.dll");
        case SystemLibrary::ntdll: return GetModuleHandleW(L"ntdll.dll");
        case SystemLibrary::wevtapi: return load_from_system_folder(L"wevtapi.dll");
        case SystemLibrary::ws2_32: return imported_winsock();
    }
    return nullptr;
}

void* look_up(SystemLibrary library, const char* name) noexcept {
    const HMODULE module = find_library(library);
    return module == nullptr ? nullptr : reinterpret_cast<void*>(GetProcAddress(module, name));
}

}  // namespace lsp::system
