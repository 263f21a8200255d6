// Private to setup: whether the DLLs that are registered understand a policy. An older one refuses what a line that it
// does not know matches, or, without the number of its grammar, rejects all of the policy for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../core/rule.hpp"
#include "dll_facts.hpp"

namespace lsp::setup {

// A rule of a policy, and the first grammar that has it (grammar_of in core/policy.hpp).
struct LineGrammar {
    std::size_t line = 0;  // from 1
    std::uint32_t grammar = 0;
    bool incoming = false;  // for connections that come in
    std::string text;
};

// The lines that are rules; those that nobody could understand are none.
std::vector<LineGrammar> line_grammars(const std::vector<std::string>& lines);

// The first of the lines that the DLL does not understand; null if it understands all. A DLL that does not say what it
// understands counts as the first that was made.
const LineGrammar* first_not_understood(const std::vector<LineGrammar>& lines, const DllFacts& dll);

// ERR_DLL_TOO_OLD if a DLL of ours that is registered, of either catalog, does not understand all lines; `attempt`
// begins the sentence. A catalog that cannot be read, and a DLL that is not there, are in nobody's way.
Outcome check_registered_dlls(const std::vector<std::string>& lines, const char* attempt);

}  // namespace lsp::setup
