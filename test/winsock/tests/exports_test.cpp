// Other DLLs import from ws2_32.dll by name and by ordinal.
#include <doctest/doctest.h>
#include <windows.h>
#include <winsock2.h>

#include <string>

TEST_CASE("the test Winsock exports everything that the system's ws2_32.dll does, under the same ordinals") {
    const HMODULE ours = GetModuleHandleW(L"ws2_32.dll");
    const HMODULE systems = GetModuleHandleW(L"wine_ws2_32.dll");
    REQUIRE(systems);
    REQUIRE(ours != systems);

    const auto* base = reinterpret_cast<const BYTE*>(systems);
    const auto* dos = reinterpret_cast<const IMAGE_DOS_HEADER*>(base);
    const auto* nt = reinterpret_cast<const IMAGE_NT_HEADERS*>(base + dos->e_lfanew);
    const auto* exports = reinterpret_cast<const IMAGE_EXPORT_DIRECTORY*>(
        base + nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress);
    const auto* names = reinterpret_cast<const DWORD*>(base + exports->AddressOfNames);
    const auto* ordinals = reinterpret_cast<const WORD*>(base + exports->AddressOfNameOrdinals);
    CHECK(exports->NumberOfNames > 100);
    for (DWORD i = 0; i < exports->NumberOfNames; i++) {
        const auto* name = reinterpret_cast<const char*>(base + names[i]);
        const WORD ordinal = static_cast<WORD>(ordinals[i] + exports->Base);
        CAPTURE(name);
        const auto address = [](HMODULE module, const char* export_) {
            return reinterpret_cast<void*>(GetProcAddress(module, export_));
        };
        void* const byName = address(ours, name);
        CHECK(byName != nullptr);
        CHECK(byName == address(ours, MAKEINTRESOURCEA(ordinal)));
        CHECK(byName != address(systems, name));
    }
}

TEST_CASE("a thunk reaches the system's function") {
    CHECK(htons(0x1234) == 0x3412);
    WSASetLastError(12345);
    CHECK(GetLastError() == 12345);
}

TEST_CASE("a program that loads ws2_32.dll from system32 by its path gets the test Winsock") {
    wchar_t path[MAX_PATH];
    GetSystemDirectoryW(path, MAX_PATH);
    const HMODULE named = GetModuleHandleW(L"ws2_32.dll");
    CHECK(LoadLibraryW((std::wstring(path) + L"\\ws2_32.dll").c_str()) == named);
    CHECK(LoadLibraryExW(L"ws2_32.dll", nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32) == named);
    CHECK(GetProcAddress(named, "TestWinsockArm") != nullptr);
}
