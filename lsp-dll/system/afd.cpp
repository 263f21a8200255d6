#include "afd.hpp"

#include <cstdint>
#include <limits>

#include "system_function.hpp"

namespace lsp::system {

namespace {

using Status = LONG;
constexpr Status status_pending = 0x103;

SystemFunction<Status NTAPI(HANDLE, HANDLE, void*, void*, void*, ULONG, void*, ULONG, void*, ULONG)>
    nt_device_io_control_file{SystemLibrary::ntdll, "NtDeviceIoControlFile"};
SystemFunction<Status NTAPI(HANDLE, void*, void*, ULONG, int)> nt_query_information_file{SystemLibrary::ntdll,
                                                                                         "NtQueryInformationFile"};
SystemFunction<BOOL WINAPI(HANDLE, OVERLAPPED*)> cancel_io_ex{SystemLibrary::kernel32, "CancelIoEx"};

constexpr ULONG ioctl_afd_poll = 0x00012024;
constexpr ULONG afd_poll_local_close = 0x20;

struct AfdPollInfo {
    LARGE_INTEGER timeout;  // 100 ns since 1601
    ULONG handle_count;
    ULONG exclusive;
    HANDLE handle;
    ULONG events;
    Status status;
};

// The driver tells here which event it was. There is one that can be, so nobody reads it, and requests that end at the
// same time may both write it; it lives as long as the DLL, however late the kernel is.
AfdPollInfo told;

}  // namespace

bool complete_at_close(SOCKET s, OVERLAPPED& overlapped, SOCKET watched) noexcept {
    auto* const function = nt_device_io_control_file.get();
    if (function == nullptr) return false;
    AfdPollInfo asked{};
    asked.timeout.QuadPart = std::numeric_limits<LONGLONG>::max();
    asked.handle_count = 1;
    asked.handle = reinterpret_cast<HANDLE>(watched);
    asked.events = afd_poll_local_close;
    // As Winsock itself does: with its lowest bit set, the event is signalled and the completion port gets nothing.
    const auto bits = reinterpret_cast<std::uintptr_t>(overlapped.hEvent);
    const HANDLE event = reinterpret_cast<HANDLE>(bits & ~std::uintptr_t{1});
    void* const packet = (bits & 1U) != 0 ? nullptr : &overlapped;
    overlapped.Internal = static_cast<ULONG_PTR>(status_pending);
    overlapped.InternalHigh = 0;
    return function(reinterpret_cast<HANDLE>(s), event, nullptr, packet, &overlapped.Internal, ioctl_afd_poll, &asked,
                    sizeof(asked), &told, sizeof(told)) == status_pending;
}

bool is_synchronous(SOCKET s) noexcept {
    constexpr int file_mode_information = 16;
    constexpr ULONG synchronous = 0x10 | 0x20;  // FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT
    auto* const function = nt_query_information_file.get();
    ULONG_PTR status_block[2] = {};
    ULONG mode = 0;
    return function != nullptr &&
           function(reinterpret_cast<HANDLE>(s), status_block, &mode, sizeof(mode), file_mode_information) >= 0 &&
           (mode & synchronous) != 0;
}

void cancel_request(SOCKET s, OVERLAPPED* overlapped) noexcept {
    if (auto* const function = cancel_io_ex.get()) function(reinterpret_cast<HANDLE>(s), overlapped);
}

}  // namespace lsp::system
