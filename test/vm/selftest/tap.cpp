#include "tap.hpp"

#include <windows.h>

#include <cstdio>

namespace selftest {

Tap::Tap(const std::string& port) : port_(INVALID_HANDLE_VALUE) {
    write("TAP version 13");
    if (port.empty()) return;
    // The prefix is for ports from COM10 on.
    port_ = CreateFileA(("\\\\.\\" + port).c_str(), GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr);
    if (port_ == INVALID_HANDLE_VALUE) {
        comment("cannot open " + port + ": error " + std::to_string(GetLastError()));
        return;
    }
    COMMTIMEOUTS timeouts{};
    timeouts.WriteTotalTimeoutConstant = 5000;  // a port that nobody reads must not stop us
    SetCommTimeouts(port_, &timeouts);
}

Tap::~Tap() {
    if (port_ != INVALID_HANDLE_VALUE) CloseHandle(port_);
}

void Tap::write(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    if (port_ == INVALID_HANDLE_VALUE) return;
    const std::string bytes = line + "\r\n";
    DWORD written = 0;
    WriteFile(port_, bytes.data(), static_cast<DWORD>(bytes.size()), &written, nullptr);
}

void Tap::result(bool passed, const std::string& behaviour, const std::string& details) {
    if (!passed) ++failed_;
    write((passed ? "ok " : "not ok ") + std::to_string(++count_) + " - " + behaviour);
    if (!passed && !details.empty()) comment(details);
}

void Tap::skip(const std::string& behaviour, const std::string& reason) {
    write("ok " + std::to_string(++count_) + " - " + behaviour + " # SKIP " + reason);
}

void Tap::comment(const std::string& text) { write("# " + text); }

void Tap::relay(const std::string& line) {
    const std::string good = "ok - ";
    const std::string bad = "not ok - ";
    if (line.rfind(good, 0) == 0) {
        result(true, line.substr(good.size()));
    } else if (line.rfind(bad, 0) == 0) {
        result(false, line.substr(bad.size()));
    } else {
        comment(line);
    }
}

int Tap::finish() {
    write("1.." + std::to_string(count_));
    if (failed_ > 0) comment(std::to_string(failed_) + " of " + std::to_string(count_) + " failed");
    return failed_ == 0 && count_ > 0 ? 0 : 1;
}

}  // namespace selftest
