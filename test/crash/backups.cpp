#include "backups.hpp"

#include <windows.h>

namespace {
std::wstring folder;
}

void redirect_backups(const std::wstring& below) {
    SetEnvironmentVariableW(L"ProgramData", below.c_str());
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
