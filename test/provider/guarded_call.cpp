#include "guarded_call.hpp"

#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

#include <cctype>
#include <cstdio>

namespace test {

namespace {

constexpr DWORD patience_ms = 2000;
// A call that ends its thread inside Wine may leave one of Wine's locks held; from then on nothing ends.
constexpr int most_hangs_in_a_row = 10;

HANDLE event() { return CreateEventW(nullptr, FALSE, FALSE, nullptr); }

// A thread that carries out one call after the other, until one of them faults or hangs. Then there is another thread.
struct Caller {
    HANDLE thread = nullptr;
    HANDLE wanted = event();
    HANDLE done = event();
    std::function<int()> function;
    int error = 0;
    std::string fault;
};

thread_local Caller* current = nullptr;

std::string module_at(const void* address) {
    HMODULE module = nullptr;
    char path[MAX_PATH] = {};
    constexpr DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (!GetModuleHandleExA(flags, static_cast<LPCSTR>(address), &module) ||
        GetModuleFileNameA(module, path, sizeof(path)) == 0) {
        return "no module";
    }
    std::string name(path);
    name.erase(0, name.find_last_of("\\/") + 1);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name;
}

// Asked only after every handler on the stack, so faults that a DLL handles by itself stay its own.
LONG WINAPI end_call(EXCEPTION_POINTERS* exception) {
    if (current == nullptr) return EXCEPTION_CONTINUE_SEARCH;
    current->fault = module_at(exception->ExceptionRecord->ExceptionAddress);
    ExitThread(1);
}

DWORD WINAPI run(void* argument) {
    current = static_cast<Caller*>(argument);
    for (;;) {
        WaitForSingleObject(current->wanted, INFINITE);
        current->error = current->function();
        SetEvent(current->done);
    }
}

Caller* start_caller() {
    auto* const caller = new Caller;
    caller->thread = CreateThread(nullptr, 0, run, caller, 0, nullptr);
    return caller;
}

}  // namespace

std::string outcome_of(const std::function<int()>& function) {
    // What a thread that hangs uses stays: it may yet go on.
    static Caller* caller = nullptr;
    if (caller == nullptr) caller = start_caller();
    caller->function = function;

    // doctest has a filter of its own while a test case runs.
    const LPTOP_LEVEL_EXCEPTION_FILTER before = SetUnhandledExceptionFilter(end_call);
    SetEvent(caller->wanted);
    const HANDLE ends[] = {caller->done, caller->thread};
    const DWORD ended = WaitForMultipleObjects(2, ends, FALSE, patience_ms);
    SetUnhandledExceptionFilter(before);
    static int hangs_in_a_row = 0;
    if (ended != WAIT_TIMEOUT) {
        hangs_in_a_row = 0;
    } else if (++hangs_in_a_row == most_hangs_in_a_row) {
        std::printf("%d calls in a row hang: the process has lost a lock\n", hangs_in_a_row);
        std::fflush(stdout);
        TerminateProcess(GetCurrentProcess(), 3);
    }
    if (ended == WAIT_OBJECT_0) return caller->error == 0 ? "0" : "error " + std::to_string(caller->error);

    const std::string outcome = ended == WAIT_OBJECT_0 + 1 ? "fault in " + caller->fault : "hangs";
    caller = nullptr;
    return outcome;
}

}  // namespace test
