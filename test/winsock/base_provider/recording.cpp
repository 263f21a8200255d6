#include "recording.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "packet_information.h"
#include "provider.h"

namespace base_provider {
namespace {
HANDLE file = INVALID_HANDLE_VALUE;
volatile LONG sequence;
constexpr std::size_t maximumBytes = 512;  // of Bytes(): a line has to fit
}  // namespace

void OpenRecording() {
    wchar_t path[MAX_PATH];
    const DWORD length = GetEnvironmentVariableW(L"TEST_WINSOCK_RECORD", path, MAX_PATH);
    if (file == INVALID_HANDLE_VALUE && length > 0 && length < MAX_PATH)
        file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                           OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
}

Record::Record(const char* call, SOCKET socket) : active_(file != INVALID_HANDLE_VALUE), call_(call), socket_(socket) {
    if (!active_) return;
    const DWORD lastError = GetLastError();
    sequence_ = InterlockedIncrement(&sequence);
    append("{\"process\":%lu,\"sequence\":%ld,\"call\":\"%s\"", GetCurrentProcessId(), sequence_, call);
    if (socket != 0) {
        append(",\"socket\":%llu", static_cast<unsigned long long>(socket));
        WSAPROTOCOL_INFOW info{};
        int length = sizeof info;
        if (systemWinsock.getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) ==
            0)
            Number("family", info.iAddressFamily).Number("type", info.iSocketType);
    }
    SetLastError(lastError);
}

Record& Record::Number(const char* name, long long value) {
    if (active_) append(",\"%s\":%lld", name, value);
    return *this;
}

Record& Record::Bytes(const char* name, const void* data, std::size_t size) {
    if (!active_ || !data || IsBadReadPtr(data, size)) return *this;
    append(",\"%s\":\"", name);
    for (std::size_t i = 0; i < std::min(size, maximumBytes); i++)
        append("%02x", static_cast<const unsigned char*>(data)[i]);
    append("\"");
    return *this;
}

Record& Record::Address(const sockaddr* address, int length) {
    if (!active_ || !address || length < static_cast<int>(sizeof(sockaddr_in)) || IsBadReadPtr(address, length))
        return *this;
    char text[64] = {};
    FormatAddress(*address, length, text, sizeof text);
    const auto* internet = reinterpret_cast<const sockaddr_in*>(address);
    append(",\"address\":\"%s\",\"port\":%d", text, (internet->sin_port & 0xff) << 8 | internet->sin_port >> 8);
    return *this;
}

Record& Record::Control(const WSABUF& control) {
    if (!active_ || control.len == 0) return *this;
    Bytes("control", control.buf, control.len);
    PacketInformation information;
    if (ReadPacketInformation(control, information)) {
        char text[64] = {};
        FormatAddress(reinterpret_cast<const sockaddr&>(information.source), sizeof information.source, text,
                      sizeof text);
        append(",\"pktinfo\":{\"source\":\"%s\",\"interface\":%lu}", text, information.interfaceIndex);
    }
    return *this;
}

void Record::Begin() {
    if (active_) write();
}

void Record::End(long long result, int error) {
    if (!active_) return;
    length_ = 0;
    append("{\"process\":%lu,\"sequence\":%ld,\"call\":\"%s\"", GetCurrentProcessId(), sequence_, call_);
    if (socket_ != 0) append(",\"socket\":%llu", static_cast<unsigned long long>(socket_));
    append(",\"result\":%lld,\"error\":%d", result, error);
    write();
}

void Record::append(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int room = static_cast<int>(sizeof line_) - length_ - 3;
    const int added = __mingw_vsnprintf(line_ + length_, room, format, arguments);
    length_ += std::clamp(added, 0, room - 1);
    va_end(arguments);
}

void Record::write() {
    const DWORD lastError = GetLastError();
    line_[length_++] = '}';
    line_[length_++] = '\n';
    DWORD written = 0;
    WriteFile(file, line_, static_cast<DWORD>(length_), &written, nullptr);
    SetLastError(lastError);
}
}  // namespace base_provider
