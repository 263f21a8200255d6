// TEST_WINSOCK_RECORD: what reaches the base provider, one JSON object per line (README.md has the fields).
#pragma once

#include <windows.h>
#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstddef>

namespace base_provider {
// Opens the file that TEST_WINSOCK_RECORD names, if it does.
void OpenRecording();

// The record of one call: fields, then Begin() before the call is carried out and End() after it.
// Does nothing, at the cost of one comparison, when nothing is recorded. Keeps the last error.
class Record {
  public:
    Record(const char* call, SOCKET socket);
    bool active() const { return active_; }
    Record& Number(const char* name, long long value);
    Record& Address(const sockaddr* address, int length);
    Record& Bytes(const char* name, const void* data, std::size_t size);
    // Control data of WSASendMsg: as bytes, and decoded where it is packet information.
    Record& Control(const WSABUF& control);
    void Begin();
    void End(long long result, int error);

  private:
    void append(const char* format, ...) __attribute__((format(gnu_printf, 2, 3)));
    void write();

    bool active_;
    int length_ = 0;
    long sequence_ = 0;
    const char* call_;
    SOCKET socket_;
    char line_[4096];
};
}  // namespace base_provider
