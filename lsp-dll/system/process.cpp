#include "process.hpp"

#include "policy_store.hpp"

namespace lsp::system {
namespace {

// PROCESS_QUERY_LIMITED_INFORMATION, which Windows XP does not know.
constexpr DWORD query_limited_information = 0x1000;

std::uint64_t creation_time(HANDLE process) noexcept {
    FILETIME created{}, exited{}, kernel{}, user{};
    if (!GetProcessTimes(process, &created, &exited, &kernel, &user)) return 0;
    return std::uint64_t{created.dwHighDateTime} << 32 | created.dwLowDateTime;
}

}  // namespace

ProcessState find_process(const Publisher& publisher, Handle& process) noexcept {
    Handle opened(OpenProcess(query_limited_information | SYNCHRONIZE, FALSE, publisher.process_id));
    if (!opened) opened = Handle(OpenProcess(PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, publisher.process_id));
    if (!opened) return GetLastError() == ERROR_INVALID_PARAMETER ? ProcessState::gone : ProcessState::unknown;

    if (WaitForSingleObject(opened.get(), 0) == WAIT_OBJECT_0) return ProcessState::gone;
    const std::uint64_t created = creation_time(opened.get());
    if (created != 0 && created != publisher.started) return ProcessState::gone;
    process = std::move(opened);
    return ProcessState::running;
}

Publisher current_publisher() {
    Publisher publisher;
    publisher.process_id = GetCurrentProcessId();
    publisher.started = creation_time(GetCurrentProcess());
    return publisher;
}

bool is_alive(const Publisher& publisher) {
    if (publisher.process_id == 0) return true;
    Handle process;
    return find_process(publisher, process) != ProcessState::gone;
}

}  // namespace lsp::system
