// What a program can get wrong in a call that we hook, a row each.
#pragma once

#include <winsock2.h>

#include <span>

namespace test {

// Of the socket that the next call is for: the calls' good names are of this family.
extern int family;
// Outlives the calls that it is given to.
extern WSAOVERLAPPED overlapped;

enum Kinds : unsigned { stream = 1, datagram = 2, both = 3 };  // raw sockets are called as datagram sockets are

// A call with a pointer that leads nowhere good; run for each of bad_memory().
struct BadPointer {
    const char* name;
    Kinds kinds;
    int (*call)(SOCKET, void* bad);
};

// A call that is wrong in another way.
struct BadCall {
    const char* name;
    Kinds kinds;
    int (*call)(SOCKET);
};

std::span<const BadPointer> bad_pointers();
std::span<const BadCall> bad_calls();

}  // namespace test
