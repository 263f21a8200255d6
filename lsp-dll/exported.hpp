// What the DLLs export, by their .def files. They are compiled as one unit each (see CMakeLists.txt), in which GCC
// drops what nobody in the unit calls.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
#define WINSOCK_LSP_EXPORTED __attribute__((externally_visible))
#else
#define WINSOCK_LSP_EXPORTED
#endif
