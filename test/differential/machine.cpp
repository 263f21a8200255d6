#include "machine.hpp"

#include <algorithm>
#include <stdexcept>

namespace differential {

namespace {

// What takes longer has blocked: no peer of the test network needs a tenth of it, and no wait of a step is as long.
constexpr ULONGLONG slow_milliseconds = 3000;

Verb find_verb(const std::string& name) {
    static const Verbs all = [] {
        Verbs verbs;
        for (const auto& part : {socket_verbs(), connect_verbs(), stream_verbs(), datagram_verbs(), event_verbs(),
                                 arguments_verbs(), process_verbs()}) {
            verbs.insert(verbs.end(), part.begin(), part.end());
        }
        return verbs;
    }();
    for (const NamedVerb& each : all) {
        if (name == each.name) return each.verb;
    }
    throw std::runtime_error("no step is called " + name);
}

}  // namespace

Machine::~Machine() {
    for (Slot& slot : slots) {
        if (slot.socket != INVALID_SOCKET) closesocket(slot.socket);
        if (slot.port != nullptr) CloseHandle(slot.port);
        if (slot.event != nullptr) WSACloseEvent(slot.event);
        if (slot.window != nullptr) DestroyWindow(slot.window);
        // Wine's server may write into a request's memory after the close; a situation's few bytes are not worth the
        // wait.
        if (slot.kept) new std::shared_ptr<void>(slot.kept);
    }
}

bool Step::has(const std::string& word) const { return std::find(words.begin(), words.end(), word) != words.end(); }

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (;;) {
        const std::size_t end = text.find(separator, start);
        parts.push_back(text.substr(start, end - start));
        if (end == std::string::npos) return parts;
        start = end + separator.size();
    }
}

std::string error_text(int error) { return "error " + std::to_string(error); }

std::string outcome(int result) { return result == 0 ? "ok" : error_text(WSAGetLastError()); }

bool wait_readable(SOCKET socket, int milliseconds) {
    fd_set set{};
    FD_SET(socket, &set);
    timeval timeout{milliseconds / 1000, milliseconds % 1000 * 1000};
    return select(0, &set, nullptr, nullptr, &timeout) == 1;
}

std::string carry_out_step(const std::string& text, Machine& machine) {
    std::vector<std::string> words = split(text, " ");
    std::string verb = words.front();
    words.erase(words.begin());
    std::string letter = "a";
    if (verb.size() > 2 && verb[1] == '.') {
        letter = verb.substr(0, 1);
        verb = verb.substr(2);
    }
    // What a step does not set is told apart from what it sets to zero.
    WSASetLastError(0);
    const ULONGLONG begun = GetTickCount64();
    std::string result = find_verb(verb)({machine, machine.slot(letter), words});
    if (GetTickCount64() - begun > slow_milliseconds) result += " slow";
    return result;
}

std::string carry_out(const std::string& situation, Machine& machine) {
    std::string results;
    for (const std::string& step : split(situation, "; ")) {
        if (!results.empty()) results += " | ";
        try {
            results += carry_out_step(step, machine);
        } catch (const std::exception& error) {
            results += std::string("BROKEN ") + error.what();
        }
    }
    return results;
}

}  // namespace differential
