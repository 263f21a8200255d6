// A situation is a line of steps, `tcp4; bind any:0; connect target; local; peer`, each a call or a look at what came
// of one. Carrying it out gives a line of results, one for each step, that is the same in every run unless the program
// would have noticed a difference. A step names its socket if there is more than one: `b.udp4; b.bind lan:P`.
#pragma once

#include <winsock2.h>
// Below winsock2.h
#include <mswsock.h>
#include <windows.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "addresses.hpp"

namespace differential {

struct Slot {
    SOCKET socket = INVALID_SOCKET;
    int family = AF_INET;
    int type = SOCK_STREAM;
    HANDLE port = nullptr;       // completion port, once one was wanted
    WSAEVENT event = nullptr;    // of WSAEventSelect
    HWND window = nullptr;       // of WSAAsyncSelect
    std::string received;        // what the peer said and nobody has looked at yet
    std::shared_ptr<void> kept;  // memory of requests that are not over yet

    bool is_datagram() const { return type != SOCK_STREAM; }
};

struct Machine {
    std::array<Slot, 6> slots;  // a to f
    u_short own_port = 0;       // P; Q is the next one

    explicit Machine(u_short port) : own_port(port) {}
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    Slot& slot(const std::string& letter) { return slots.at(static_cast<std::size_t>(letter.at(0) - 'a')); }
    Address address(const Slot& slot, const std::string& text) const {
        return parse_address(text, slot.family, own_port);
    }
};

struct Step {
    Machine& machine;
    Slot& slot;
    std::vector<std::string> words;  // after the verb

    // The word at a place, or what it is where there is none.
    std::string word(std::size_t index, const std::string& otherwise = {}) const {
        return index < words.size() ? words[index] : otherwise;
    }
    bool has(const std::string& word) const;
};

using Verb = std::string (*)(const Step&);
struct NamedVerb {
    const char* name;
    Verb verb;
};
using Verbs = std::vector<NamedVerb>;

Verbs socket_verbs();     // making, naming, options, closing
Verbs connect_verbs();    // every way to connect
Verbs stream_verbs();     // listening, accepting, sending, receiving, shutting down
Verbs datagram_verbs();   // every way to send without a connection
Verbs event_verbs();      // select, poll, WSAEventSelect, WSAAsyncSelect
Verbs arguments_verbs();  // calls with arguments that are wrong
Verbs process_verbs();    // duplicates and inheritance, here and in child processes

// Results of all steps, ` | ` between them.
std::string carry_out(const std::string& situation, Machine& machine);
std::string carry_out_step(const std::string& step, Machine& machine);

std::vector<std::string> split(const std::string& text, const std::string& separator);

// `ok`, or the error of the call that has just failed.
std::string outcome(int result);
std::string error_text(int error);
std::string local_name(const Step& step);

// True as soon as the socket can be read.
bool wait_readable(SOCKET socket, int milliseconds);

}  // namespace differential
