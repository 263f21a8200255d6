#include "registered_grammar.hpp"

#include <algorithm>

#include "../core/policy.hpp"
#include "../system/catalog_functions.hpp"
#include "../system/text.hpp"

namespace lsp::setup {
namespace {

Outcome check_dll(const std::vector<LineGrammar>& lines, const DllFacts& dll, const char* attempt) {
    const LineGrammar* const line = first_not_understood(lines, dll);
    if (!dll.exists || line == nullptr) return Done{};
    return own_error(
        "ERR_DLL_TOO_OLD",
        concat({attempt, ": line ", line->line, " needs a DLL of grammar ", line->grammar, ", and ", dll.path,
                ", which is registered, is of grammar ", dll.policy_grammar.value_or(first_policy_grammar),
                ": programs that load it would not do what the line says. Nothing was changed. Install this version "
                "first: winsock-lsp install"}));
}

Outcome check_catalog(const std::vector<LineGrammar>& lines, Architecture architecture, const char* attempt) {
    const auto catalog = enumerate_catalog(architecture);
    if (!catalog) return Done{};
    std::vector<DllFacts> dlls;
    for (const CatalogEntry& entry : *catalog) {
        if (entry.ours) add_dll(entry.path, architecture, dlls);
    }
    for (const DllFacts& dll : dlls) {
        if (Outcome checked = check_dll(lines, dll, attempt); !checked) return checked;
    }
    return Done{};
}

}  // namespace

std::vector<LineGrammar> line_grammars(const std::vector<std::string>& lines) {
    std::vector<LineGrammar> grammars;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        Rule rule;
        Fault fault;
        if (!is_rule_line(lines[i]) || !read_rule(lines[i], rule, fault, NewerLines::take)) continue;
        grammars.push_back({i + 1, grammar_of(rule), rule.incoming || rule.unknown == Unknown::incoming, lines[i]});
    }
    return grammars;
}

const LineGrammar* first_not_understood(const std::vector<LineGrammar>& lines, const DllFacts& dll) {
    const std::uint32_t known = dll.policy_grammar.value_or(first_policy_grammar);
    const auto line =
        std::find_if(lines.begin(), lines.end(), [known](const LineGrammar& each) { return each.grammar > known; });
    return line == lines.end() ? nullptr : &*line;
}

Outcome check_registered_dlls(const std::vector<std::string>& lines, const char* attempt) {
    const std::vector<LineGrammar> grammars = line_grammars(lines);
    const bool any =
        std::any_of(grammars.begin(), grammars.end(), [](const LineGrammar& each) { return each.grammar > 0; });
    if (!any) return Done{};  // what every DLL understands
    for (const Architecture architecture : {Architecture::x64, Architecture::ia32}) {
        if (Outcome checked = check_catalog(grammars, architecture, attempt); !checked) return checked;
    }
    return Done{};
}

}  // namespace lsp::setup
