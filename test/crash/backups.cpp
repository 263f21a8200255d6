#include "backups.hpp"

#include <windows.h>

namespace {
std::wstring folder;
}

void redirect_backups(const std::wstring& below) {
    // Where Windows keeps it: the environment is not asked (setup/known_folders.hpp).
    HKEY key = nullptr;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList", 0,
                      KEY_SET_VALUE | KEY_WOW64_64KEY, &key) == ERROR_SUCCESS) {
        RegSetValueExW(key, L"ProgramData", 0, REG_SZ, reinterpret_cast<const BYTE*>(below.c_str()),
                       static_cast<DWORD>((below.size() + 1) * sizeof(wchar_t)));
        RegCloseKey(key);
    }
    folder = below + L"\\winsock-lsp\\backup\\";
}

void delete_backups() {
    WIN32_FIND_DATAW found;
    const HANDLE search = FindFirstFileW((folder + L"*.json").c_str(), &found);
    if (search == INVALID_HANDLE_VALUE) return;
    do {
        DeleteFileW((folder + found.cFileName).c_str());
    } while (FindNextFileW(search, &found));
    FindClose(search);
}
