#include "children.hpp"

#include "setup/file_lock.hpp"
#include "setup/load_trial.hpp"
#include "setup/security.hpp"
#include "setup/setup.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "support.hpp"
#include "system/text.hpp"

using namespace lsp::setup;

namespace {

// Makes the kernel objects that our locks once were, as any user can: "open" and held, "denied" to everybody, or an
// "event".
int squat(const std::string& how) {
    wchar_t empty_list[] = L"D:P";
    wchar_t open_list[] = L"D:(A;;GA;;;WD)";
    SecurityAttributes security(how == "denied" ? empty_list : open_list);
    for (const wchar_t* space : {L"Global\\", L"Local\\"}) {
        for (const wchar_t* name : {L"winsock-lsp-catalog", L"winsock-lsp-tunnels", L"winsock-lsp-policy"}) {
            const std::wstring path = std::wstring(space) + name;
            const HANDLE made = how == "event" ? CreateEventW(security.get(), TRUE, FALSE, path.c_str())
                                               : CreateMutexW(security.get(), TRUE, path.c_str());
            if (made == nullptr) return 1;
        }
    }
    Sleep(INFINITE);
    return 0;
}

}  // namespace

bool is_child_command(const std::string& argument) { return argument.rfind("child-", 0) == 0; }

int run_child(int count, char** arguments) {
    const std::string command = arguments[0];
    if (command == "child-wait") {
        Sleep(INFINITE);
        return 0;
    }
    if (count < 2) return 2;
    if (command == "child-squat") return squat(arguments[1]);
    if (command == "child-hold") {
        const auto lock = FileLock::take(widen(arguments[1]), 1000, "it", "ERR_BUSY");
        if (!lock) return 1;
        Sleep(INFINITE);
    }
    if (command == "child-publish") return write_tunnel(sample_tunnel(arguments[1])) ? 0 : 1;
    // As main.cpp.
    set_trial([](const std::wstring&, Architecture) -> Outcome { return Done{}; });
    InstallOptions options;
    options.dll = widen(arguments[1]);
    if (command == "child-install") return install_provider(options) ? 0 : 1;
    if (command == "child-install-forever") {
        for (;;) {
            if (!install_provider(options) || !remove_provider()) return 1;
        }
    }
    return 2;
}

Child::Child(const std::wstring& command) {
    std::wstring line = L"\"" + own_path() + L"\" " + command;
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION process{};
    if (!CreateProcessW(nullptr, line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &process)) return;
    CloseHandle(process.hThread);
    process_ = Handle(process.hProcess);
    id_ = process.dwProcessId;
}

Child::~Child() { kill(); }

unsigned long long Child::started() const {
    FILETIME created{}, exited{}, kernel{}, user{};
    GetProcessTimes(process_.get(), &created, &exited, &kernel, &user);
    return static_cast<unsigned long long>(created.dwHighDateTime) << 32 | created.dwLowDateTime;
}

void Child::kill() {
    TerminateProcess(process_.get(), 99);
    WaitForSingleObject(process_.get(), 10'000);
}

unsigned long Child::wait() {
    if (WaitForSingleObject(process_.get(), 60'000) != WAIT_OBJECT_0) return 98;
    DWORD code = 97;
    GetExitCodeProcess(process_.get(), &code);
    return code;
}
