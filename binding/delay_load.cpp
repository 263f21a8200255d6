// The addon imports Node-API from "node.exe", but its host may have any name (a renamed node.exe, Electron, a packed
// program) or keep Node in a DLL. The import is delay-loaded and this hook answers with what really runs.
#include <windows.h>
// Below windows.h
#include <delayimp.h>

#include <cstring>

namespace {

FARPROC WINAPI find_host(unsigned event, DelayLoadInfo* info) {
    if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
    HMODULE host = GetModuleHandleW(L"libnode.dll");
    if (host == nullptr) host = GetModuleHandleW(nullptr);
    return reinterpret_cast<FARPROC>(host);
}

}  // namespace

// decltype: the header declares it with C linkage, MSVC's as a constant, MinGW-w64's as a variable.
decltype(__pfnDliNotifyHook2) __pfnDliNotifyHook2 = find_host;
