// differential FILE: carries out the situations in FILE, a line each, `PORT SITUATION`, and prints each line's results
// as soon as they are known. A situation that does not end is given up, and said to hang.
#include "main.hpp"

#include <cstdio>
#include <cstring>
#include <fstream>

#include "machine.hpp"

namespace differential {

namespace {

constexpr DWORD patience_ms = 15'000;

struct Job {
    std::string situation;
    u_short port = 0;
    std::string results;
};

DWORD WINAPI work(void* parameter) {
    Job& job = *static_cast<Job*>(parameter);
    Machine machine(job.port);
    job.results = carry_out(job.situation, machine);
    return 0;
}

// In a thread of its own, because a call that should not block may.
std::string run(const std::string& line) {
    auto job = std::make_unique<Job>();
    const std::size_t space = line.find(' ');
    job->port = static_cast<u_short>(std::stoul(line.substr(0, space)));
    job->situation = line.substr(space + 1);
    const HANDLE thread = CreateThread(nullptr, 0, work, job.get(), 0, nullptr);
    if (thread == nullptr) return "BROKEN no thread";
    const DWORD waited = WaitForSingleObject(thread, patience_ms);
    CloseHandle(thread);
    if (waited == WAIT_OBJECT_0) return job->results;
    job.release();  // the thread still has it
    return "HANGS";
}

int run_file(const char* path) {
    std::ifstream file(path);
    if (!file) return 2;
    // The first window of a session may have to wait for its desktop; no situation shall.
    DestroyWindow(CreateWindowExA(0, "STATIC", "", 0, 0, 0, 0, 0, HWND_MESSAGE, nullptr, nullptr, nullptr));
    int number = 0;
    for (std::string line; std::getline(file, line); ++number) {
        // Numbered, so that nothing else that comes to be printed is taken for results.
        std::printf("#%d %s\n", number, run(line).c_str());
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace

}  // namespace differential

int main(int argc, char** argv) {
    // A situation that kills the process ends it at once, without a debugger's report.
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    WSADATA data;
    if (const int error = WSAStartup(MAKEWORD(2, 2), &data); error != 0) return error;
    int result = 2;
    if (argc == 7 && std::strcmp(argv[1], "child") == 0) result = differential::run_child(argv + 2);
    if (argc == 2) result = differential::run_file(argv[1]);
    WSACleanup();
    return result;
}
