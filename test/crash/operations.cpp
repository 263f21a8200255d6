#include "operations.hpp"

#include "setup/catalog_changes.hpp"
#include "setup/catalog_plan.hpp"

using namespace lsp::setup;

namespace {

template <typename T>
Outcome outcome_of(const Result<T>& result) {
    if (!result) return result.error();
    return Done{};
}

Outcome nothing() { return Done{}; }

Outcome remove_ours() { return outcome_of(remove_provider()); }

constexpr GUID other_provider = {0x2f6f5b7a, 0x91c4, 0x4b0e, {0x8d, 0x11, 0x52, 0x60, 0x2c, 0x8e, 0x47, 0x90}};

}  // namespace

Outcome install_other(const Paths& paths) {
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    InstallOptions options;
    options.dll = options.dll32 = paths.other_dll;
    options.name = L"another LSP";
    if (const int error = install_with_chains(other_provider, options, XP1_IFS_HANDLES, lower_entries(*catalog))) {
        return system_error(static_cast<std::uint32_t>(error), "WSCInstallProviderAndChains64_32", "another LSP");
    }
    return Done{};
}

std::vector<Operation> operations(const Paths& paths) {
    const auto installer = [](const std::wstring& dll, const std::wstring& dll32) {
        return [dll, dll32]() -> Outcome {
            InstallOptions options;
            options.dll = dll;
            options.dll32 = dll32;
            return outcome_of(install_provider(options));
        };
    };
    const auto native = installer(paths.dll, {});
    const auto newer = installer(paths.newer_dll, {});
    const auto both = installer(paths.dll, paths.dll32);
    const auto newer_both = installer(paths.newer_dll, paths.newer_dll32);
    return {
        {"install", false, false, true, nothing, native, native},
        {"install", true, false, true, nothing, both, both},
        {"install over another LSP", false, true, false, nothing, native, native},
        {"install over another LSP", true, true, false, nothing, both, both},
        {"upgrade", false, false, true, native, newer, newer},
        {"upgrade", true, false, true, both, newer_both, newer_both},
        {"extend to the 32-bit catalog", true, false, false, native, both, both},
        {"remove", false, false, true, native, remove_ours, native},
        {"remove", true, false, true, both, remove_ours, both},
        {"remove over another LSP", true, true, false, both, remove_ours, both},
    };
}
