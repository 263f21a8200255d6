// Whether what an elevated process runs, and what it is to register, comes from where only administrators can write.
#pragma once

#include <string>
#include <vector>

#include "../system/error.hpp"
#include "../system/handle.hpp"

namespace lsp::setup {

using namespace system;

// Of the files that this process runs: the program, the module that has this code, and `scripts`, which it was told to
// run. Success if the process is not elevated: then it can do no more than whoever replaces them. ERR_UNTRUSTED_PATH
// names the file, who can replace it, and what to do.
Outcome check_run_from(const std::vector<std::wstring>& scripts);

// Whether to take a DLL from a folder where others than administrators can write.
enum class SourceTrust {
    judge,  // no
    given,  // yes: somebody has said so
};

// Of a DLL that is to be copied and registered, and of the setup DLL beside it. `held`: gets what keeps them from being
// replaced until they are copied. ERR_UNTRUSTED_PATH. What does not exist is not judged.
Outcome check_source(const std::wstring& dll, std::vector<Handle>& held);

}  // namespace lsp::setup
