#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "children.hpp"
#include "setup/load_trial.hpp"

int main(int count, char** arguments) {
    // The tests start this program again for what must happen in another process.
    if (count > 1 && is_child_command(arguments[1])) return run_child(count - 1, arguments + 1);
    // A trial takes Wine a second or more, and the tests install a hundred times: load_trial_test.cpp has them made.
    lsp::setup::set_trial(
        [](const std::wstring&, lsp::setup::Architecture) -> lsp::setup::Outcome { return lsp::system::Done{}; });
    return doctest::Context(count, arguments).run();
}
