#include "publisher.hpp"

#include <windows.h>

#include <string>

namespace lsp::binding {

system::Result<Publisher> publisher_of(std::uint32_t process_id) {
    const std::string attempt = "cannot take process " + std::to_string(process_id) + " as publisher";
    const HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process_id);
    if (process == nullptr)
        return system::system_error(GetLastError(), "OpenProcess", attempt, "Name a running process.");
    FILETIME created{}, exited{}, kernel{}, user{};
    const DWORD error = GetProcessTimes(process, &created, &exited, &kernel, &user) ? ERROR_SUCCESS : GetLastError();
    CloseHandle(process);
    if (error != ERROR_SUCCESS) return system::system_error(error, "GetProcessTimes", attempt);
    return Publisher{process_id, std::uint64_t{created.dwHighDateTime} << 32 | created.dwLowDateTime};
}

}  // namespace lsp::binding
