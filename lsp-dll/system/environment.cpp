#include "environment.hpp"

#include <windows.h>

namespace lsp::system {

std::wstring expand_environment(const std::wstring& text) {
    std::wstring result(MAX_PATH, L'\0');
    for (int attempt = 0; attempt < 3; ++attempt) {
        const DWORD needed = ExpandEnvironmentStringsW(text.c_str(), result.data(), static_cast<DWORD>(result.size()));
        if (needed == 0) break;
        if (needed <= result.size()) {
            result.resize(needed - 1);
            return result;
        }
        result.resize(needed);
    }
    return {};
}

}  // namespace lsp::system
