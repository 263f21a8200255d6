#include "overlapped.hpp"

namespace differential {

namespace {

constexpr DWORD patience_ms = 1000;
constexpr DWORD short_patience_ms = 100;  // where nothing should come
constexpr ULONG_PTR port_key = 42;

struct Request {
    WSAOVERLAPPED overlapped{};
    std::shared_ptr<void> owner;
    // Of the completion routine.
    int calls = 0;
    DWORD error = 0;
    DWORD bytes = 0;

    ~Request() {
        if (overlapped.hEvent != nullptr) WSACloseEvent(overlapped.hEvent);
    }
};

void CALLBACK on_completion(DWORD error, DWORD bytes, WSAOVERLAPPED* overlapped, DWORD) {
    auto* const request = reinterpret_cast<Request*>(overlapped);
    ++request->calls;
    request->error = error;
    request->bytes = bytes;
}

std::string bytes_text(DWORD bytes) { return std::to_string(bytes) + " bytes"; }

// How the request ended, as WSAGetOverlappedResult tells it.
std::string result_text(SOCKET socket, Request& request) {
    DWORD bytes = 0;
    DWORD flags = 0;
    if (WSAGetOverlappedResult(socket, &request.overlapped, &bytes, FALSE, &flags)) return bytes_text(bytes);
    return error_text(WSAGetLastError());
}

std::string packet_text(Slot& slot, Request& request, DWORD patience) {
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* completed = nullptr;
    const BOOL good = GetQueuedCompletionStatus(slot.port, &bytes, &key, &completed, patience);
    if (completed == nullptr) return "no packet";
    std::string text = "packet " + bytes_text(bytes);
    if (!good) text += " status " + result_text(slot.socket, request);
    if (key != port_key) text += " of another key";
    if (completed != &request.overlapped) text += " of another request";
    return text;
}

bool associate(Slot& slot, bool skip) {
    if (slot.port == nullptr) {
        slot.port = CreateIoCompletionPort(reinterpret_cast<HANDLE>(slot.socket), nullptr, port_key, 1);
    }
    if (slot.port == nullptr) return false;
    return !skip || SetFileCompletionNotificationModes(reinterpret_cast<HANDLE>(slot.socket),
                                                       FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
}

}  // namespace

std::string complete(const Step& step, std::shared_ptr<void> owner, const Issue& issue) {
    Slot& slot = step.slot;
    std::string way;
    for (const std::string& word : step.words) {
        if (word[0] == '/') way = word;
    }
    DWORD transferred = 0;
    if (way.empty()) {
        const int result = issue(nullptr, nullptr, &transferred);
        return result == 0 ? bytes_text(transferred) : error_text(WSAGetLastError());
    }

    const auto request = std::make_shared<Request>();
    request->owner = std::move(owner);
    slot.kept = request;
    const bool by_port = way == "/port" || way == "/skip" || way == "/port-event";
    if (by_port && !associate(slot, way == "/skip")) return "no completion port: " + std::to_string(GetLastError());
    if (way == "/event" || way == "/port-event") request->overlapped.hEvent = WSACreateEvent();

    const bool by_routine = way == "/routine";
    const int result = issue(&request->overlapped, by_routine ? on_completion : nullptr, &transferred);
    const int error = result == 0 ? 0 : WSAGetLastError();
    const bool pending = error == WSA_IO_PENDING;
    std::string text = result == 0 ? "ok" : pending ? "pending" : error_text(error);
    if (by_port) {
        text += ", " + packet_text(slot, *request,
                                   pending || (result == 0 && way != "/skip") ? patience_ms : short_patience_ms);
        const std::string second = packet_text(slot, *request, 0);
        if (second != "no packet") text += ", then " + second;
    }
    if (request->overlapped.hEvent != nullptr) {
        const DWORD waited =
            WaitForSingleObject(request->overlapped.hEvent, result == 0 || pending ? patience_ms : short_patience_ms);
        text += waited == WAIT_OBJECT_0 ? ", event" : ", no event";
    }
    if (by_routine) {
        SleepEx(result == 0 || pending ? patience_ms : short_patience_ms, TRUE);
        text += ", routine called " + std::to_string(request->calls) + " times";
        if (request->calls > 0) text += " error " + std::to_string(request->error) + " " + bytes_text(request->bytes);
    }
    if (way == "/poll") {
        for (int i = 0; i < 100 && !HasOverlappedIoCompleted(&request->overlapped); ++i) Sleep(10);
    }
    if (result == 0 || pending) text += ", " + result_text(slot.socket, *request);
    return text;
}

}  // namespace differential
