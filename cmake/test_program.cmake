# doctest from the system, alone in a folder of its own: for Windows, the folder that holds it here is full of Linux's headers.
find_path(WINSOCK_LSP_DOCTEST doctest/doctest.h REQUIRED NO_CMAKE_FIND_ROOT_PATH)
file(COPY "${WINSOCK_LSP_DOCTEST}/doctest/doctest.h" DESTINATION "${CMAKE_BINARY_DIR}/include/doctest")
set(WINSOCK_LSP_DOCTEST_INCLUDE "${CMAKE_BINARY_DIR}/include")

# What most of a test program's sources include is read once: they are compiled on every fresh machine, and run for seconds.
function(precompile_headers target)
    if(WIN32)
        target_precompile_headers(${target} PRIVATE <winsock2.h> <mswsock.h> <ws2tcpip.h> <ws2spi.h> <windows.h>)
    endif()
    target_precompile_headers(${target} PRIVATE ${ARGN} <algorithm> <array> <atomic> <cstdio> <functional> <map> <optional> <set>
        <sstream> <string> <string_view> <thread> <vector>)
endfunction()

# With doctest, whose implementation is in main.cpp.
function(add_doctests target)
    target_include_directories(${target} SYSTEM PRIVATE "${WINSOCK_LSP_DOCTEST_INCLUDE}")
    precompile_headers(${target} <doctest/doctest.h>)
    set_source_files_properties(main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
