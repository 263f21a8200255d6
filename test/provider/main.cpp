#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <winsock2.h>

#include "commands.hpp"

int main(int argc, char** argv) {
    int result = 0;
    if (test::run_command(argc, argv, result)) return result;
    doctest::Context context(argc, argv);
    result = context.run();
    WSACleanup();
    return result;
}
