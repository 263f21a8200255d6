#include "setup_library.hpp"

#include "../setup/setup_dll.hpp"
#include "../system/error.hpp"
#include "../system/system_function.hpp"
#include "../system/text.hpp"

namespace lsp::plugin {
namespace {

std::wstring own_path() {
    HMODULE self = nullptr;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       reinterpret_cast<LPCWSTR>(&own_path), &self);
    std::wstring path(32768, L'\0');
    path.resize(GetModuleFileNameW(self, path.data(), static_cast<DWORD>(path.size())));
    return path;
}

// Loads the DLL by its full path and has `call` make the call; an answer that says why not if it cannot be had.
template <typename Function, typename Call>
SetupAnswer with_setup_dll(const char* function_name, Call call) {
    const std::wstring own = own_path();
    const std::wstring path = setup::setup_dll_of(own);
    SetupAnswer answer;
    const HMODULE library = LoadLibraryExW(path.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (library == nullptr) {
        answer.message = system::system_error(GetLastError(), "LoadLibraryExW", system::concat({"Cannot load ", path}),
                                              "Put it beside the plugin's DLL, or run `winsock-lsp install` once.")
                             .message;
        return answer;
    }
    const auto function = reinterpret_cast<Function*>(reinterpret_cast<void*>(GetProcAddress(library, function_name)));
    if (function == nullptr) {
        answer.message = system::concat({path, " does not export ", function_name,
                                         ": it is of another version than the plugin. Copy both DLLs again."});
    } else {
        setup::SetupResult result;
        answer.good = call(function, own, result) != 0;
        answer.changed = result.changed != 0;
        answer.path = result.path;
        answer.message = result.message;
        // It says nothing if it does not know this structure.
        if (!answer.good && answer.message.empty()) {
            answer.message = system::concat({path, " is of another version than the plugin. Copy both DLLs again."});
        }
    }
    FreeLibrary(library);
    return answer;
}

}  // namespace

SetupAnswer install_with_setup_dll() {
    return with_setup_dll<setup::SetupInstall>(
        setup::setup_install_name, [](setup::SetupInstall* install, const std::wstring& own,
                                      setup::SetupResult& result) { return install(own.c_str(), &result); });
}

SetupAnswer remove_with_setup_dll() {
    return with_setup_dll<setup::SetupRemove>(
        setup::setup_remove_name,
        [](setup::SetupRemove* remove, const std::wstring&, setup::SetupResult& result) { return remove(&result); });
}

}  // namespace lsp::plugin
