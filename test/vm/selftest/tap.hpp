// Results as TAP (Test Anything Protocol, version 13), to standard output and, if it is told one, to a serial port.
#pragma once

#include <string>

namespace selftest {

class Tap {
  public:
    // `port`: as in "COM1"; empty for none. A port that cannot be opened is told in a comment.
    explicit Tap(const std::string& port);
    ~Tap();
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    // One result; `details` is told only where it failed.
    void result(bool passed, const std::string& behaviour, const std::string& details = {});
    void skip(const std::string& behaviour, const std::string& reason);
    void comment(const std::string& text);
    // A line of a child's: "ok - …" or "not ok - …" gets its number here, anything else is a comment.
    void relay(const std::string& line);
    // The plan, last. Gives the exit code: 0 if all passed, 1 if not, or if there was none.
    int finish();

  private:
    void write(const std::string& line);

    void* port_;
    int count_ = 0;
    int failed_ = 0;
};

}  // namespace selftest
