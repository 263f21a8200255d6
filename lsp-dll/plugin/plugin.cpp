// The functions that OpenVPN looks up in a plugin, API versions 1 and 3. What they do is in winsock-lsp-setup.dll, so
// that nothing in this DLL, which every program loads, can change the machine. Plain buffers: no C++ library here.

#include <windows.h>

#include "../exported.hpp"
#include "../setup/tunnels/openvpn_api.hpp"
#include "../setup/tunnels/plugin_dll.hpp"

namespace lsp::plugin {

using namespace setup;

namespace {

constexpr DWORD longest_path = 32767;  // characters

// An OpenVPN that has opened the plugin. All null if the setup DLL cannot be had: a plugin that fails to open ends
// OpenVPN, and the VPN is worth more than its policy.
struct Instance {
    HMODULE library = nullptr;
    PluginEventFunction* event = nullptr;
    PluginCloseFunction* close = nullptr;
    void* session = nullptr;
};

Instance without_setup_dll;

// More than a stack has room for.
struct Texts {
    WCHAR own[longest_path + 1];
    WCHAR setup[longest_path + ARRAYSIZE(setup_dll_suffix)];
    char message[4096];
};

void append(char (&text)[sizeof(Texts::message)], const char* more) {
    const int length = lstrlenA(text);
    lstrcpynA(text + length, more, static_cast<int>(sizeof(text)) - length);
}

void append_number(char (&text)[sizeof(Texts::message)], DWORD number) {
    char digits[11] = {};
    char* first = digits + sizeof(digits) - 1;
    do *--first = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    append(text, first);
}

void append_path(char (&text)[sizeof(Texts::message)], const WCHAR* path) {
    const int length = lstrlenA(text);
    const int room = static_cast<int>(sizeof(text)) - length;
    if (WideCharToMultiByte(CP_UTF8, 0, path, -1, text + length, room, nullptr, nullptr) == 0) {
        text[length] = '\0';
        append(text, "winsock-lsp-setup.dll");
    }
}

// In OpenVPN's log; without it on standard error, as plugin_dll.cpp does it.
void log_failure(PluginLog log, Texts& texts, DWORD error) {
    append(texts.message, error != 0 ? "Cannot load " : "");
    append_path(texts.message, texts.setup);
    if (error != 0) {
        append(texts.message, " (Windows error ");
        append_number(texts.message, error);
        append(texts.message, ")");
    } else {
        append(texts.message, " does not answer this plugin: it is of another version, or memory is out");
    }
    append(texts.message,
           ". Nothing is published or installed for this tunnel. Copy winsock-lsp.dll and winsock-lsp-setup.dll of one "
           "version into that folder and start OpenVPN again.");
    if (log != nullptr) {
        log(log_error, plugin_name, "%s", texts.message);
        return;
    }
    append(texts.message, "\n");
    const HANDLE output = GetStdHandle(STD_ERROR_HANDLE);
    DWORD written = 0;
    WriteFile(output, plugin_name, sizeof(plugin_name) - 1, &written, nullptr);
    WriteFile(output, ": ", 2, &written, nullptr);
    WriteFile(output, texts.message, static_cast<DWORD>(lstrlenA(texts.message)), &written, nullptr);
}

// The paths of this DLL and of the setup DLL beside it. False if Windows does not tell.
bool find_paths(Texts& texts) {
    HMODULE self = nullptr;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            reinterpret_cast<LPCWSTR>(&without_setup_dll), &self)) {
        return false;
    }
    const DWORD length = GetModuleFileNameW(self, texts.own, longest_path + 1);
    if (length == 0 || length > longest_path) return false;
    DWORD dot = length;
    while (dot > 0 && texts.own[dot] != L'.') --dot;
    if (dot == 0) dot = length;
    lstrcpynW(texts.setup, texts.own, static_cast<int>(dot + 1));
    lstrcpyW(texts.setup + dot, setup_dll_suffix);
    lstrcpyW(texts.setup + lstrlenW(texts.setup), texts.own + dot);
    return true;
}

template <typename Function>
Function* function_of(HMODULE library, const char* name) {
    return reinterpret_cast<Function*>(reinterpret_cast<void*>(GetProcAddress(library, name)));
}

// False with a Windows error, or with 0 if it is there and of another version.
bool connect(Instance& instance, const Texts& texts, const char* const* arguments, PluginLog log, DWORD& error) {
    error = 0;
    // By its full path, and what it needs from its own folder or the system's.
    instance.library = LoadLibraryExW(texts.setup, nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (instance.library == nullptr) {
        error = GetLastError();
        return false;
    }
    const auto open = function_of<PluginOpenFunction>(instance.library, plugin_open_name);
    instance.event = function_of<PluginEventFunction>(instance.library, plugin_event_name);
    instance.close = function_of<PluginCloseFunction>(instance.library, plugin_close_name);
    PluginOpen request;
    request.provider_dll = texts.own;
    request.arguments = arguments;
    request.log = log;
    if (open != nullptr && instance.event != nullptr && instance.close != nullptr) instance.session = open(&request);
    if (instance.session == nullptr) FreeLibrary(instance.library);
    return instance.session != nullptr;
}

void* open(const char* const* arguments, PluginLog log) {
    const HANDLE heap = GetProcessHeap();
    auto* const texts = static_cast<Texts*>(HeapAlloc(heap, HEAP_ZERO_MEMORY, sizeof(Texts)));
    auto* instance = static_cast<Instance*>(HeapAlloc(heap, HEAP_ZERO_MEMORY, sizeof(Instance)));
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;
    bool good = texts != nullptr && instance != nullptr;
    if (good && !find_paths(*texts)) {
        error = GetLastError();
        good = false;
    }
    good = good && connect(*instance, *texts, arguments, log, error);
    if (!good && texts != nullptr) log_failure(log, *texts, error);
    if (!good && instance != nullptr) HeapFree(heap, 0, instance);
    if (texts != nullptr) HeapFree(heap, 0, texts);
    return good ? instance : &without_setup_dll;
}

int handle_event(void* handle, int type, const char* const* environment) {
    auto* const instance = static_cast<Instance*>(handle);
    if (instance == nullptr) return result_error;
    if (instance->session != nullptr) return instance->event(instance->session, type, environment);
    // OpenVPN warns of a failing ROUTE_UP and goes on; others would end it.
    return type == event_route_up ? result_error : result_success;
}

}  // namespace

}  // namespace lsp::plugin

extern "C" {

// The lowest plugin API of OpenVPN that will do.
WINSOCK_LSP_EXPORTED int openvpn_plugin_min_version_required_v1(void) { return 1; }

WINSOCK_LSP_EXPORTED void* openvpn_plugin_open_v1(unsigned int* type_mask, const char* const* arguments,
                                                  const char* const*) {
    if (type_mask == nullptr) return nullptr;
    *type_mask = lsp::setup::handled_events;
    return lsp::plugin::open(arguments, nullptr);
}

WINSOCK_LSP_EXPORTED int openvpn_plugin_func_v1(void* handle, int type, const char* const*,
                                                const char* const* environment) {
    return lsp::plugin::handle_event(handle, type, environment);
}

WINSOCK_LSP_EXPORTED int openvpn_plugin_open_v3(int structure_version, const lsp::setup::OpenArguments* arguments,
                                                lsp::setup::OpenResult* result) {
    if (structure_version < 1 || arguments == nullptr || result == nullptr) return lsp::setup::result_error;
    result->type_mask = lsp::setup::handled_events;
    result->handle =
        lsp::plugin::open(arguments->argv, arguments->callbacks != nullptr ? arguments->callbacks->log : nullptr);
    return lsp::setup::result_success;
}

WINSOCK_LSP_EXPORTED int openvpn_plugin_func_v3(int structure_version, const lsp::setup::EventArguments* arguments,
                                                void*) {
    if (structure_version < 1 || arguments == nullptr) return lsp::setup::result_error;
    return lsp::plugin::handle_event(arguments->handle, arguments->type, arguments->envp);
}

WINSOCK_LSP_EXPORTED void openvpn_plugin_close_v1(void* handle) {
    auto* const instance = static_cast<lsp::plugin::Instance*>(handle);
    if (instance == nullptr || instance->session == nullptr) return;
    instance->close(instance->session);
    FreeLibrary(instance->library);
    HeapFree(GetProcessHeap(), 0, instance);
}

}  // extern "C"
