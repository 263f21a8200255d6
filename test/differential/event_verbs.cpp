#include "machine.hpp"

namespace differential {

namespace {

struct Named {
    const char* name;
    long bit;
    int index;
};
// In the order in which they come about, so that two that are found together read like one after the other.
constexpr Named network_events[] = {{"accept", FD_ACCEPT, FD_ACCEPT_BIT},
                                    {"connect", FD_CONNECT, FD_CONNECT_BIT},
                                    {"write", FD_WRITE, FD_WRITE_BIT},
                                    {"read", FD_READ, FD_READ_BIT},
                                    {"close", FD_CLOSE, FD_CLOSE_BIT}};
constexpr long all_events = FD_READ | FD_WRITE | FD_ACCEPT | FD_CONNECT | FD_CLOSE;

std::string with_error(const char* name, int error) {
    return std::string(" ") + name + (error == 0 ? "" : "(" + std::to_string(error) + ")");
}

// `select [ms]`: in which sets the socket is
std::string select_once(const Step& step) {
    fd_set sets[3] = {};
    for (fd_set& set : sets) FD_SET(step.slot.socket, &set);
    const long ms = std::stol(step.word(0, "0"));
    timeval timeout{ms / 1000, ms % 1000 * 1000};
    const int count = select(0, &sets[0], &sets[1], &sets[2], &timeout);
    if (count == SOCKET_ERROR) return error_text(WSAGetLastError());
    std::string text = std::to_string(count);
    const char* const names[] = {" readable", " writable", " exceptional"};
    for (int i = 0; i < 3; ++i) {
        if (FD_ISSET(step.slot.socket, &sets[i])) text += names[i];
    }
    return text;
}

// `writable [ms]`: waits in the write and except sets alone, as a program does after a connect that does not block
std::string writable(const Step& step) {
    fd_set write{};
    fd_set except{};
    FD_SET(step.slot.socket, &write);
    FD_SET(step.slot.socket, &except);
    const long ms = std::stol(step.word(0, "1000"));
    timeval timeout{ms / 1000, ms % 1000 * 1000};
    const int count = select(0, nullptr, &write, &except, &timeout);
    if (count == SOCKET_ERROR) return error_text(WSAGetLastError());
    return FD_ISSET(step.slot.socket, &write) ? "writable" : FD_ISSET(step.slot.socket, &except) ? "failed" : "neither";
}

// `select-two OTHER`: both sockets in one read set, both told
std::string select_two(const Step& step) {
    const SOCKET other = step.machine.slot(step.word(0)).socket;
    fd_set set{};
    FD_SET(step.slot.socket, &set);
    FD_SET(other, &set);
    timeval timeout{0, 300'000};
    const int count = select(0, &set, nullptr, nullptr, &timeout);
    if (count == SOCKET_ERROR) return error_text(WSAGetLastError());
    return std::to_string(count) + (FD_ISSET(step.slot.socket, &set) ? " own" : "") +
           (FD_ISSET(other, &set) ? " other" : "");
}

std::string poll(const Step& step) {
    WSAPOLLFD entry{step.slot.socket, POLLRDNORM | POLLWRNORM, 0};
    const int count = WSAPoll(&entry, 1, std::stoi(step.word(0, "0")));
    if (count == SOCKET_ERROR) return error_text(WSAGetLastError());
    char bits[16];
    wsprintfA(bits, "%x", static_cast<unsigned>(entry.revents));
    return std::to_string(count) + " events " + bits;
}

// `eventselect [off]`: all events
std::string event_select(const Step& step) {
    if (step.slot.event == nullptr) step.slot.event = WSACreateEvent();
    const bool off = step.word(0) == "off";
    return outcome(WSAEventSelect(step.slot.socket, off ? nullptr : step.slot.event, off ? 0 : all_events));
}

// `events [ms]`: what comes until nothing has come for a while, in its order, each with its error
std::string events(const Step& step) {
    std::string text;
    DWORD patience = static_cast<DWORD>(std::stoul(step.word(0, "400")));
    while (WaitForSingleObject(step.slot.event, patience) == WAIT_OBJECT_0) {
        WSANETWORKEVENTS happened{};
        if (WSAEnumNetworkEvents(step.slot.socket, step.slot.event, &happened) != 0) {
            return error_text(WSAGetLastError());
        }
        for (const Named& each : network_events) {
            if ((happened.lNetworkEvents & each.bit) != 0)
                text += with_error(each.name, happened.iErrorCode[each.index]);
        }
        patience = 100;
    }
    return text.empty() ? "nothing" : text.substr(1);
}

constexpr UINT socket_message = WM_APP + 1;

// `asyncselect`: all events, as messages to a window of this thread
std::string async_select(const Step& step) {
    if (step.slot.window == nullptr) {
        step.slot.window = CreateWindowExA(0, "STATIC", "", 0, 0, 0, 0, 0, HWND_MESSAGE, nullptr, nullptr, nullptr);
    }
    if (step.slot.window == nullptr) return "no window";
    return outcome(WSAAsyncSelect(step.slot.socket, step.slot.window, socket_message, all_events));
}

std::string messages(const Step& step) {
    std::string text;
    ULONGLONG until = GetTickCount64() + std::stoul(step.word(0, "400"));
    while (GetTickCount64() < until) {
        MSG message;
        if (!PeekMessageA(&message, step.slot.window, socket_message, socket_message, PM_REMOVE)) {
            MsgWaitForMultipleObjects(0, nullptr, FALSE, 20, QS_ALLINPUT);
            continue;
        }
        for (const Named& each : network_events) {
            if (WSAGETSELECTEVENT(message.lParam) == each.bit)
                text += with_error(each.name, WSAGETSELECTERROR(message.lParam));
        }
        if (message.wParam != step.slot.socket) text += " of another socket";
        until = GetTickCount64() + 100;
    }
    // Which of the two is posted first depends on how fast the peer is.
    const std::size_t swapped = text.find(" read write");
    if (swapped != std::string::npos) text.replace(swapped, 11, " write read");
    return text.empty() ? "nothing" : text.substr(1);
}

}  // namespace

Verbs event_verbs() {
    return {
        {"select", select_once},       {"writable", writable}, {"select-two", select_two},    {"poll", poll},
        {"eventselect", event_select}, {"events", events},     {"asyncselect", async_select}, {"messages", messages}};
}

}  // namespace differential
