#include "install_if_missing.hpp"

#include "../system/catalog_functions.hpp"
#include "files.hpp"

namespace lsp::setup {
namespace {

// The 32-bit DLL lies beside ours where the package put both; without it 32-bit programs stay as they are.
std::wstring sibling32(const std::wstring& path) {
    const std::wstring sibling = path.substr(0, path.find_last_of(L"\\/") + 1) + L"winsock-lsp-ia32.dll";
    const bool wanted = native_architecture == Architecture::x64 && has_catalog(Architecture::ia32);
    return wanted && file_exists(sibling) ? sibling : std::wstring();
}

}  // namespace

Result<InstallReport> install_if_missing(const std::wstring& provider_dll) {
    const auto present = is_installed();
    if (present && *present) return InstallReport{};
    const std::wstring second = sibling32(provider_dll);
    std::vector<std::wstring> sources = {provider_dll};
    if (!second.empty()) sources.push_back(second);
    if (const Outcome checked = check_sources(sources, SourceTrust::judge, false); !checked) return checked.error();
    InstallOptions options;
    auto staged = stage_provider_dll(provider_dll);
    if (!staged) return staged.error();
    options.dll = *staged;
    if (!second.empty()) {
        auto staged32 = stage_provider_dll(second);
        if (!staged32) return staged32.error();
        options.dll32 = *staged32;
    }
    return install_provider(options);
}

}  // namespace lsp::setup
