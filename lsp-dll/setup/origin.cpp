#include "origin.hpp"

#include <iterator>

#include "../system/catalog.hpp"
#include "../system/text.hpp"
#include "files.hpp"
#include "security.hpp"
#include "setup_dll.hpp"
#include "trust.hpp"

namespace lsp::setup {
namespace {

constexpr char origin_remedy[] =
    " Make the folder that docs/fleet.md describes (node.exe and the package below Program Files) and run it from "
    "there, or, "
    "if nobody else has an account here that they could use for it, add --trust-source.";

// Of the program itself if `module` is null.
std::wstring module_path(HMODULE module) {
    std::wstring path(MAX_PATH, L'\0');
    for (int attempt = 0; attempt < 8; ++attempt) {
        const DWORD length = GetModuleFileNameW(module, path.data(), static_cast<DWORD>(path.size()));
        if (length < path.size()) {
            path.resize(length);
            return path;
        }
        path.resize(path.size() * 2);
    }
    return {};
}

HMODULE own_module() {
    HMODULE module = nullptr;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       reinterpret_cast<LPCWSTR>(reinterpret_cast<void*>(&module_path)), &module);
    return module;
}

}  // namespace

Outcome check_run_from(const std::vector<std::wstring>& scripts) {
    if (!is_elevated()) return Done{};
    std::vector<std::wstring> files = {module_path(nullptr), module_path(own_module())};
    files.insert(files.end(), scripts.begin(), scripts.end());
    for (const std::wstring& file : files) {
        const std::string who = who_can_replace(file);
        if (who.empty()) continue;
        return own_error("ERR_UNTRUSTED_PATH",
                         concat({"Cannot run ", file,
                                 " with an administrator's rights: others than administrators can "
                                 "replace it (",
                                 who, "). Nothing was changed.", origin_remedy}));
    }
    return Done{};
}

Outcome check_source(const std::wstring& dll, std::vector<Handle>& held) {
    for (const std::wstring& file : {dll, setup_dll_of(dll)}) {
        PathJudgement judgement = judge_path(file);
        if (judgement.replaceable_by.empty()) {
            held.insert(held.end(), std::make_move_iterator(judgement.held.begin()),
                        std::make_move_iterator(judgement.held.end()));
            continue;
        }
        // What is said of a missing one is said by whoever reads it.
        if (!judgement.elsewhere && !file_exists(file)) continue;
        return own_error("ERR_UNTRUSTED_PATH",
                         concat({"Cannot install ", file,
                                 ": every process would load it, and others than administrators "
                                 "can replace it where it comes from (",
                                 judgement.replaceable_by, "). Nothing was changed.", origin_remedy}));
    }
    return Done{};
}

}  // namespace lsp::setup
