#pragma once

#include <winsock2.h>
#include <ws2spi.h>

namespace test_winsock {
// The WPU* functions that a provider gets at its WSPStartup.
const WSPUPCALLTABLE& UpcallTable();
}  // namespace test_winsock
