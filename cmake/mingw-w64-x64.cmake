# Cross-compile for 64-bit Windows with Debian's MinGW-w64.
#
# WINSOCK_LSP_THREADS says which of its two C++ run times: "posix" (the addon and the tests need std::mutex and std::thread) or
# "win32" (the DLL: the other one imports functions that Windows XP did not have).
set(WINSOCK_LSP_THREADS posix CACHE STRING "MinGW-w64's thread model: posix or win32")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES WINSOCK_LSP_THREADS)
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-${WINSOCK_LSP_THREADS})
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-${WINSOCK_LSP_THREADS})
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_DLLTOOL x86_64-w64-mingw32-dlltool)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
