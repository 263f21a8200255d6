// A DLL that looks like a provider from outside. Its shared section is good, and counter i is 100 + i; FakeTelemetry
// gives it to a test that wants to spoil it.
#include <windows.h>
#include <winsock2.h>

#include "core/counters.hpp"
#include "core/policy.hpp"

#define EXPORTED extern "C" __declspec(dllexport)

namespace {

__attribute__((section(".shared"), shared))
lsp::CounterSection section = {lsp::CounterSection::expected_magic,
                               lsp::CounterSection::expected_version,
                               {100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113},
                               {}};

}  // namespace

// The policies that it understands; tests change the number in the file's bytes, where they find it by the mark.
struct Grammar {
    std::uint32_t number;
    char mark[12];
};
extern "C" {
extern __declspec(dllexport) const Grammar winsock_lsp_policy_grammar;
const Grammar winsock_lsp_policy_grammar = {lsp::policy_grammar, "its grammar"};
}

EXPORTED int WSPStartup() { return WSAEPROVIDERFAILEDINIT; }
EXPORTED void GetLspGuid(GUID*) {}
EXPORTED lsp::CounterSection* FakeTelemetry() { return &section; }
