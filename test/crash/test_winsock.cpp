#include "test_winsock.hpp"

#include <cstdlib>

#include "setup/file_lock.hpp"

namespace {

TestWinsockArm* arm_function;
TestWinsockCount* count_function;
TestWinsockDescribe* describe_function;
TestWinsockKeepInMemory* keep_function;
TestWinsockSave* save_function;
TestWinsockLoad* load_function;

template <typename Function>
bool find(Function*& function, const char* name) {
    function =
        reinterpret_cast<Function*>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ws2_32.dll"), name)));
    return function != nullptr;
}

struct Job {
    const std::function<void()>* work;
    bool done = false;
};

DWORD WINAPI run_job(void* parameter) {
    auto* const job = static_cast<Job*>(parameter);
    (*job->work)();
    job->done = true;
    return 0;
}

}  // namespace

bool find_test_winsock() {
    return find(arm_function, "TestWinsockArm") && find(count_function, "TestWinsockCount") &&
           find(describe_function, "TestWinsockDescribe") && find(keep_function, "TestWinsockKeepInMemory") &&
           find(save_function, "TestWinsockSave") && find(load_function, "TestWinsockLoad");
}

void arm(const TestWinsockFaults& faults) { arm_function(&faults); }
void disarm() { arm_function(nullptr); }

TestWinsockCounts counts() {
    TestWinsockCounts result{};
    count_function(&result);
    return result;
}

TestWinsockCall call(unsigned number) {
    TestWinsockCall result{};
    describe_function(number, &result);
    return result;
}

void keep_in_memory(bool in_memory) { keep_function(in_memory ? TRUE : FALSE); }

Bytes save_catalogs() {
    Bytes bytes(64 * 1024);
    for (;;) {
        DWORD size = static_cast<DWORD>(bytes.size());
        const int error = save_function(bytes.data(), &size);
        bytes.resize(size);
        if (error == 0) return bytes;
        if (error != WSAENOBUFS) std::abort();
    }
}

void load_catalogs(const Bytes& catalogs) {
    if (load_function(catalogs.data(), static_cast<DWORD>(catalogs.size())) != 0) std::abort();
}

bool run_until_killed(const std::function<void()>& work) {
    Job job{&work};
    const HANDLE thread = CreateThread(nullptr, 512 * 1024, run_job, &job, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
    if (thread == nullptr) std::abort();
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    // The end of a process lets go of its locks.
    if (!job.done) lsp::setup::FileLock::release_all();
    return job.done;
}
