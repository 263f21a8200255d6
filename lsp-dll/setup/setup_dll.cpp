#include "setup_dll.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

#include "../exported.hpp"
#include "../system/catalog_functions.hpp"
#include "../system/files.hpp"
#include "../system/text.hpp"
#include "setup.hpp"

namespace lsp::setup {
namespace {

// The 32-bit DLL lies beside ours where the package put both; without it 32-bit programs stay as they are.
std::wstring sibling32(const std::wstring& path) {
    const std::wstring sibling = path.substr(0, path.find_last_of(L"\\/") + 1) + L"winsock-lsp-ia32.dll";
    const bool wanted = native_architecture == Architecture::x64 && has_catalog(Architecture::ia32);
    return wanted && file_exists(sibling) ? sibling : std::wstring();
}

Result<InstallReport> install_unless_present(const std::wstring& provider_dll) {
    const auto present = is_installed();
    if (present && *present) return InstallReport{};
    InstallOptions options;
    const std::wstring second = sibling32(provider_dll);
    std::vector<std::wstring> sources = {provider_dll};
    if (!second.empty()) sources.push_back(second);
    if (const Outcome checked = check_sources(sources, SourceTrust::judge, false); !checked) return checked.error();
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

// As much of the text as there is room for, whole characters of UTF-8 only.
void set_message(SetupResult& result, std::string_view text) {
    std::size_t length = std::min(text.size(), sizeof(result.message) - 1);
    while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
    std::memcpy(result.message, text.data(), length);
    result.message[length] = '\0';
}

// Runs the action; what it throws or returns becomes the answer.
template <typename Action>
int answer(SetupResult* result, Action action) noexcept {
    if (result == nullptr || result->size != sizeof(SetupResult)) return 0;
    *result = SetupResult{};
    try {
        const auto report = action();
        if (!report) {
            set_message(*result, report.error().message);
            return 0;
        }
        result->changed = report->changed ? 1 : 0;
        if constexpr (requires { report->path; }) {
            report->path.copy(result->path, MAX_PATH - 1);
        }
        return 1;
    } catch (const std::exception&) {
        set_message(*result, "Out of memory.");
        return 0;
    }
}

}  // namespace
}  // namespace lsp::setup

extern "C" {

WINSOCK_LSP_EXPORTED int WinsockLspSetupInstall(const WCHAR* provider_dll, lsp::setup::SetupResult* result) {
    return lsp::setup::answer(
        result, [&] { return lsp::setup::install_unless_present(provider_dll != nullptr ? provider_dll : L""); });
}

WINSOCK_LSP_EXPORTED int WinsockLspSetupRemove(lsp::setup::SetupResult* result) {
    return lsp::setup::answer(result, [] { return lsp::setup::remove_provider(); });
}

}  // extern "C"
