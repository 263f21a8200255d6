#include "process.hpp"

#include "listed_process.hpp"
#include "pages.hpp"
#include "store_reader.hpp"
#include "system_function.hpp"

namespace lsp::system {
namespace {

ProcessState find_in(const unsigned char* list, const Publisher& publisher) noexcept {
    for (;;) {
        const auto* const entry = reinterpret_cast<const ListedProcess*>(list);
        if (reinterpret_cast<ULONG_PTR>(entry->id) == publisher.process_id) {
            const bool same = static_cast<std::uint64_t>(entry->created.QuadPart) == publisher.started;
            return same ? ProcessState::running : ProcessState::gone;
        }
        if (entry->next == 0) return ProcessState::gone;
        list += entry->next;
    }
}

}  // namespace

std::uint64_t creation_time(HANDLE process) noexcept {
    FILETIME created{}, exited{}, kernel{}, user{};
    if (!GetProcessTimes(process, &created, &exited, &kernel, &user)) return 0;
    return std::uint64_t{created.dwHighDateTime} << 32 | created.dwLowDateTime;
}

bool read_process_list(Pages& list) noexcept {
    constexpr ULONG system_process_information = 5;
    constexpr LONG status_info_length_mismatch = static_cast<LONG>(0xC0000004);
    constexpr SIZE_T first_list_bytes = 256 * 1024;
    constexpr SIZE_T longest_list_bytes = 64 * 1024 * 1024;
    static constinit SystemFunction<LONG WINAPI(ULONG, void*, ULONG, ULONG*)> nt_query_system_information{
        SystemLibrary::ntdll, "NtQuerySystemInformation"};
    const auto query = nt_query_system_information.get();
    if (query == nullptr) return false;
    LONG status = status_info_length_mismatch;
    for (SIZE_T bytes = first_list_bytes; status == status_info_length_mismatch && bytes <= longest_list_bytes;
         bytes *= 2) {
        if (!list.allocate(bytes)) return false;
        status = query(system_process_information, list.get(), static_cast<ULONG>(bytes), nullptr);
    }
    return status >= 0;
}

ProcessState find_listed_process(const Publisher& publisher) noexcept {
    ProcessState state = ProcessState::unknown;
    Pages list;
    if (read_process_list(list)) state = find_in(static_cast<const unsigned char*>(list.get()), publisher);
    return state;
}

ProcessState ask_process(const Publisher& publisher, Handle& process) noexcept {
    Handle opened(OpenProcess(query_limited_information | SYNCHRONIZE, FALSE, publisher.process_id));
    if (!opened) opened = Handle(OpenProcess(PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, publisher.process_id));
    if (!opened) return GetLastError() == ERROR_INVALID_PARAMETER ? ProcessState::gone : ProcessState::unknown;
    if (WaitForSingleObject(opened.get(), 0) == WAIT_OBJECT_0) return ProcessState::gone;
    const std::uint64_t created = creation_time(opened.get());
    if (created != 0 && created != publisher.started) return ProcessState::gone;
    process = std::move(opened);
    return ProcessState::running;
}

ProcessState find_process(const Publisher& publisher, Handle& process) noexcept {
    const ProcessState state = ask_process(publisher, process);
    return state == ProcessState::unknown ? find_listed_process(publisher) : state;
}

ProcessIdentity current_process() noexcept { return {GetCurrentProcessId(), creation_time(GetCurrentProcess())}; }

bool is_alive(const Publisher& publisher) noexcept {
    if (publisher.process_id == 0) return true;
    Handle process;
    return find_process(publisher, process) != ProcessState::gone;
}

}  // namespace lsp::system
