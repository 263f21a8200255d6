#include "file_lock.hpp"

#include <atomic>

#include "../system/system_function.hpp"
#include "../system/text.hpp"
#include "security.hpp"

namespace lsp::setup {

using namespace system;

namespace {

constexpr DWORD look_again_ms = 20;
constexpr LONG delete_pending = static_cast<LONG>(0xC0000056);  // STATUS_DELETE_PENDING

// The files of the locks that this process has.
constinit std::atomic<HANDLE> files_held[8]{};

constinit SystemFunction<LONG NTAPI()> last_nt_status{SystemLibrary::ntdll, "RtlGetLastNtStatus"};

// 0 with the file, or why not; ERROR_SHARING_VIOLATION while another has it.
DWORD try_to_open(const std::wstring& path, SECURITY_ATTRIBUTES* security, Handle& file) {
    file = Handle(CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE | DELETE, 0, security, OPEN_ALWAYS,
                              FILE_FLAG_DELETE_ON_CLOSE | FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
    if (file) return ERROR_SUCCESS;
    const DWORD error = GetLastError();
    // Whoever had it is letting go of it just now, which Windows also calls ERROR_ACCESS_DENIED.
    const auto status = last_nt_status.get();
    if (error == ERROR_ACCESS_DENIED && status != nullptr && status() == delete_pending) return ERROR_SHARING_VIOLATION;
    // Without elevation nobody can make the Administrators a file's owner.
    return error == ERROR_INVALID_OWNER ? ERROR_ACCESS_DENIED : error;
}

}  // namespace

FileLock::FileLock(Handle file) noexcept : file_(std::move(file)) {
    for (std::atomic<HANDLE>& place : files_held) {
        HANDLE none = nullptr;
        if (place.compare_exchange_strong(none, file_.get())) return;
    }
}

FileLock::~FileLock() {
    if (!file_) return;
    for (std::atomic<HANDLE>& place : files_held) {
        HANDLE own = file_.get();
        if (place.compare_exchange_strong(own, nullptr)) return;
    }
}

void FileLock::release_all() noexcept {
    for (std::atomic<HANDLE>& place : files_held) {
        if (const HANDLE file = place.exchange(nullptr)) CloseHandle(file);
    }
}

std::wstring FileLock::path_of(std::wstring_view name) {
    // Not GetWindowsDirectoryW, which gives each user of a terminal server another folder.
    wchar_t folder[MAX_PATH];
    const UINT length = GetSystemWindowsDirectoryW(folder, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) return {};
    return std::wstring(folder, length) + L"\\" + std::wstring(name) + L".lock";
}

Result<FileLock> FileLock::take(std::wstring_view name, unsigned long patience_ms, std::string_view what,
                                std::string_view busy_code, bool (*called_off)() noexcept) {
    const std::wstring path = path_of(name);
    const std::string attempt = concat({"Cannot take the lock of ", what, ", ", path});
    SecurityAttributes security(lock_rights);
    if (security.get() == nullptr) {
        return system_error(GetLastError(), "ConvertStringSecurityDescriptorToSecurityDescriptorW", attempt);
    }
    const DWORD started = GetTickCount();
    for (;;) {
        if (called_off != nullptr && called_off())
            return own_error("ERR_ABORTED", concat({"Cannot change ", what, ": it was called off."}));
        Handle file;
        const DWORD error = try_to_open(path, security.get(), file);
        if (error == ERROR_SUCCESS) return FileLock(std::move(file));
        if (error != ERROR_SHARING_VIOLATION) {
            return system_error(error, "CreateFileW", attempt,
                                error == ERROR_ACCESS_DENIED ? "Run it from an elevated prompt." : "");
        }
        if (GetTickCount() - started >= patience_ms) {
            return own_error(busy_code, concat({"Cannot change ", what, ": another process has been changing it for ",
                                                patience_ms / 1000, " seconds. Try again when it is done."}));
        }
        Sleep(look_again_ms);
    }
}

}  // namespace lsp::setup
