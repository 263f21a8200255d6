# doctest from the system, alone in a folder of its own: for Windows, the folder that holds it here is full of Linux's headers.
find_path(WINSOCK_LSP_DOCTEST doctest/doctest.h REQUIRED NO_CMAKE_FIND_ROOT_PATH)
file(COPY "${WINSOCK_LSP_DOCTEST}/doctest/doctest.h" DESTINATION "${CMAKE_BINARY_DIR}/include/doctest")
set(WINSOCK_LSP_DOCTEST_INCLUDE "${CMAKE_BINARY_DIR}/include")
