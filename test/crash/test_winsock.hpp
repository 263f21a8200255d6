// The test Winsock's own exports (test/winsock/control.h).
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <functional>
#include <vector>

#include "control.h"

using Bytes = std::vector<unsigned char>;

// False if this program runs on another ws2_32.dll.
bool find_test_winsock();

void arm(const TestWinsockFaults& faults);
void disarm();
TestWinsockCounts counts();
TestWinsockCall call(unsigned number);
void keep_in_memory(bool in_memory);
Bytes save_catalogs();
void load_catalogs(const Bytes& catalogs);

// Runs it on a thread of its own; false if that was killed.
bool run_until_killed(const std::function<void()>& work);
