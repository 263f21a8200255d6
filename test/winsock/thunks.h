// The exports that the test Winsock leaves to the system's ws2_32.dll.
#pragma once

extern "C" {
extern void* thunk_slots[];
extern const char* const thunk_names[];
extern const unsigned thunk_count;
}
