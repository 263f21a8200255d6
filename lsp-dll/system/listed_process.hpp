// Private to system: what the system tells of processes; its list of them, which needs no right to any.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstdint>

#include "pages.hpp"

namespace lsp::system {

// PROCESS_QUERY_LIMITED_INFORMATION, which Windows XP does not know.
inline constexpr DWORD query_limited_information = 0x1000;

// A FILETIME; 0 if the handle does not tell.
std::uint64_t creation_time(HANDLE process) noexcept;

// What SystemProcessInformation gives of each process, as far as it is of use here. Part of it since NT 4.
struct ListedProcess {
    ULONG next;  // bytes from this entry to the next; 0: the last
    ULONG threads;
    LARGE_INTEGER reserved[3];
    LARGE_INTEGER created;
    LARGE_INTEGER user, kernel;
    struct {
        USHORT length, maximum;  // bytes
        wchar_t* buffer;         // inside the list
    } image;                     // the file's name
    LONG priority;
    HANDLE id;
};

// NtQuerySystemInformation. False if there is none, or no memory for it; `list` then holds nothing of use.
bool read_process_list(Pages& list) noexcept;

}  // namespace lsp::system
