#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "children.hpp"

int main(int count, char** arguments) {
    // The tests start this program again for what must happen in another process.
    if (count > 1 && is_child_command(arguments[1])) return run_child(count - 1, arguments + 1);
    return doctest::Context(count, arguments).run();
}
