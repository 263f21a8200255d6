#include <cstdio>
#include <fstream>
#include <iterator>

#include "machine.hpp"
#include "main.hpp"

namespace differential {

namespace {

// `b.duplicate a`: in this process
std::string duplicate(const Step& step) {
    const Slot& from = step.machine.slot(step.word(0));
    WSAPROTOCOL_INFOW info{};
    if (WSADuplicateSocketW(from.socket, GetCurrentProcessId(), &info) != 0) return error_text(WSAGetLastError());
    step.slot.family = from.family;
    step.slot.type = from.type;
    step.slot.socket =
        WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED);
    return step.slot.socket == INVALID_SOCKET ? error_text(WSAGetLastError()) : "ok";
}

// The child's command line names the file that brings the socket and takes the results.
struct Child {
    std::string file;
    PROCESS_INFORMATION process{};

    ~Child() {
        if (process.hProcess != nullptr) {
            CloseHandle(process.hProcess);
            CloseHandle(process.hThread);
        }
        DeleteFileA(file.c_str());
    }
};

bool start(Child& child, const Step& step, bool inherit) {
    char folder[MAX_PATH];
    char file[MAX_PATH];
    GetTempPathA(sizeof(folder), folder);
    GetTempFileNameA(folder, "dif", 0, file);
    child.file = file;
    std::string steps;
    for (const std::string& word : step.words) steps += (steps.empty() ? "" : " ") + word;
    char image[MAX_PATH];
    GetModuleFileNameA(nullptr, image, sizeof(image));
    std::string command = "\"" + std::string(image) + "\" child \"" + child.file + "\" " +
                          std::to_string(step.machine.own_port) + " " + std::to_string(step.slot.family) + " " +
                          std::to_string(step.slot.type) + " \"" + steps + "\"";
    STARTUPINFOA startup{};
    startup.cb = sizeof(startup);
    return CreateProcessA(nullptr, command.data(), nullptr, nullptr, inherit, CREATE_SUSPENDED, nullptr, nullptr,
                          &startup, &child.process);
}

void write_file(const std::string& path, const void* bytes, std::size_t count) {
    std::ofstream(path, std::ios::binary).write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
}

std::string finish(const Child& child) {
    ResumeThread(child.process.hThread);
    if (WaitForSingleObject(child.process.hProcess, 8000) != WAIT_OBJECT_0) {
        TerminateProcess(child.process.hProcess, 1);
        return "the child did not end";
    }
    std::ifstream file(child.file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// `child STEPS`, `, ` between them and ` + ` between their results: in another process, which has the socket by
// WSADuplicateSocket
std::string duplicate_to_child(const Step& step) {
    Child child;
    if (!start(child, step, false)) return "no child: " + std::to_string(GetLastError());
    WSAPROTOCOL_INFOW info{};
    if (WSADuplicateSocketW(step.slot.socket, child.process.dwProcessId, &info) != 0) {
        const int error = WSAGetLastError();
        TerminateProcess(child.process.hProcess, 1);
        return error_text(error);
    }
    write_file(child.file, &info, sizeof(info));
    return finish(child);
}

// `heir STEPS`: in another process, which has inherited the handle
std::string inherit(const Step& step) {
    if (!SetHandleInformation(reinterpret_cast<HANDLE>(step.slot.socket), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)) {
        return "not inheritable: " + std::to_string(GetLastError());
    }
    Child child;
    if (!start(child, step, true)) return "no child: " + std::to_string(GetLastError());
    const SOCKET socket = step.slot.socket;
    write_file(child.file, &socket, sizeof(socket));
    return finish(child);
}

}  // namespace

int run_child(char** arguments) {
    const std::string path = arguments[0];
    Machine machine(static_cast<u_short>(std::stoul(arguments[1])));
    Slot& slot = machine.slots[0];
    slot.family = std::stoi(arguments[2]);
    slot.type = std::stoi(arguments[3]);
    std::vector<char> content;
    {
        std::ifstream file(path, std::ios::binary);
        content.assign(std::istreambuf_iterator<char>(file), {});
    }
    std::string results;
    if (content.size() == sizeof(WSAPROTOCOL_INFOW)) {
        slot.socket = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO,
                                 reinterpret_cast<WSAPROTOCOL_INFOW*>(content.data()), 0, WSA_FLAG_OVERLAPPED);
    } else if (content.size() == sizeof(SOCKET)) {
        slot.socket = *reinterpret_cast<SOCKET*>(content.data());
    }
    if (slot.socket == INVALID_SOCKET) results = error_text(WSAGetLastError());
    for (const std::string& each : split(arguments[4], ", ")) {
        results += (results.empty() ? "" : " + ") + carry_out_step(each, machine);
    }
    write_file(path, results.data(), results.size());
    return 0;
}

Verbs process_verbs() { return {{"duplicate", duplicate}, {"child", duplicate_to_child}, {"heir", inherit}}; }

}  // namespace differential
