#include "system_winsock.h"

#include <type_traits>

namespace test_winsock {
SystemWinsock systemWinsock;

bool LoadSystemWinsock() {
    wchar_t path[MAX_PATH];
    UINT length = GetSystemDirectoryW(path, MAX_PATH);
    if (length == 0 || length + sizeof("\\wine_ws2_32.dll") > MAX_PATH) return false;
    lstrcatW(path, L"\\wine_ws2_32.dll");  // so called by test/support/system_dlls.ts
    HMODULE module = LoadLibraryW(path);
    if (!module) return false;
    SystemWinsock found{};
    found.module = module;
    bool complete = true;
    auto find = [&](auto& function, const char* name) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
            reinterpret_cast<void*>(GetProcAddress(module, name)));
        complete = complete && function;
    };
#define SYSTEM_WINSOCK_FIND(name) find(found.name, #name);
    SYSTEM_WINSOCK_FUNCTIONS(SYSTEM_WINSOCK_FIND)
#undef SYSTEM_WINSOCK_FIND
    systemWinsock = found;
    return complete;
}
}  // namespace test_winsock
