#include "process.hpp"

#include "pages.hpp"
#include "store_reader.hpp"
#include "system_function.hpp"

namespace lsp::system {
namespace {

// PROCESS_QUERY_LIMITED_INFORMATION, which Windows XP does not know.
constexpr DWORD query_limited_information = 0x1000;

constexpr ULONG system_process_information = 5;
constexpr LONG status_info_length_mismatch = static_cast<LONG>(0xC0000004);
constexpr SIZE_T first_list_bytes = 256 * 1024;
constexpr SIZE_T longest_list_bytes = 64 * 1024 * 1024;

// What SystemProcessInformation gives of each process, as far as it is of use here. Part of it since NT 4.
struct ListedProcess {
    ULONG next;  // bytes from this entry to the next; 0: the last
    ULONG threads;
    LARGE_INTEGER reserved[3];
    LARGE_INTEGER created;
    LARGE_INTEGER user, kernel;
    struct {
        USHORT length, maximum;
        void* buffer;
    } image;
    LONG priority;
    HANDLE id;
};

constinit SystemFunction<LONG WINAPI(ULONG, void*, ULONG, ULONG*)> nt_query_system_information{
    SystemLibrary::ntdll, "NtQuerySystemInformation"};

std::uint64_t creation_time(HANDLE process) noexcept {
    FILETIME created{}, exited{}, kernel{}, user{};
    if (!GetProcessTimes(process, &created, &exited, &kernel, &user)) return 0;
    return std::uint64_t{created.dwHighDateTime} << 32 | created.dwLowDateTime;
}

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

ProcessState find_listed_process(const Publisher& publisher) noexcept {
    const auto query = nt_query_system_information.get();
    if (query == nullptr) return ProcessState::unknown;
    LONG status = status_info_length_mismatch;
    ProcessState state = ProcessState::unknown;
    for (SIZE_T bytes = first_list_bytes; status == status_info_length_mismatch && bytes <= longest_list_bytes;
         bytes *= 2) {
        Pages list;
        if (!list.allocate(bytes)) break;
        status = query(system_process_information, list.get(), static_cast<ULONG>(bytes), nullptr);
        if (status >= 0) state = find_in(static_cast<const unsigned char*>(list.get()), publisher);
    }
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
