#include "children.hpp"

#include "setup/load_trial.hpp"
#include "setup/setup.hpp"
#include "support.hpp"
#include "system/policy_store.hpp"
#include "system/text.hpp"

using namespace lsp::setup;

bool is_child_command(const std::string& argument) { return argument.rfind("child-", 0) == 0; }

int run_child(int count, char** arguments) {
    const std::string command = arguments[0];
    if (command == "child-wait") {
        Sleep(INFINITE);
        return 0;
    }
    if (count < 2) return 2;
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
