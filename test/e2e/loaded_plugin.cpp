#include "loaded_plugin.hpp"

#include <cstdarg>
#include <cstdio>
#include <stdexcept>

namespace {

// What OpenVPN 2.6 supports, as it tells plugins.
constexpr int supported_types = (1 << OPENVPN_PLUGIN_N) - 1;

// The 2.6 series begins with these; the header's own numbers are those of the machine that we are built on.
constexpr const char* version = "2.6.14";

// OpenVPN keeps what it got the environment from alive during the call only, and so do we.
std::vector<const char*> pointers(const std::vector<std::string>& strings) {
    std::vector<const char*> result;
    for (const std::string& string : strings) result.push_back(string.c_str());
    result.push_back(nullptr);
    return result;
}

template <typename Function>
Function symbol(HMODULE module, const char* name) {
    // Through void*: a direct cast between function types is what compilers rightly warn of.
    return reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(module, name)));
}

std::string describe(openvpn_plugin_log_flags_t flags) {
    static constexpr struct {
        int flag;
        const char* name;
    } names[] = {{PLOG_ERR, "ERR"},     {PLOG_WARN, "WARN"},   {PLOG_NOTE, "NOTE"},
                 {PLOG_DEBUG, "DEBUG"}, {PLOG_ERRNO, "ERRNO"}, {PLOG_NOMUTE, "NOMUTE"}};
    std::string text;
    for (const auto& [flag, name] : names) {
        if ((flags & flag) == 0) continue;
        if (!text.empty()) text += '|';
        text += name;
    }
    return text.empty() ? "0" : text;
}

void log_list(openvpn_plugin_log_flags_t flags, const char* plugin_name, const char* format, va_list arguments) {
    char text[4096];
    vsnprintf(text, sizeof text, format, arguments);
    std::printf("LOG %s %s: %s\n", describe(flags).c_str(), plugin_name, text);
    std::fflush(stdout);
}

void log(openvpn_plugin_log_flags_t flags, const char* plugin_name, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_list(flags, plugin_name, format, arguments);
    va_end(arguments);
}

void erase(void* data, size_t length) { SecureZeroMemory(data, length); }

// The plugin under test has no use for these two. They answer as OpenVPN's do when they fail.
int encode(const void*, int, char**) { return -1; }
int decode(const char*, void*, int) { return -1; }

openvpn_plugin_callbacks callbacks = {log, log_list, erase, encode, decode};

}  // namespace

LoadedPlugin::LoadedPlugin(const std::vector<std::string>& arguments, Api api)
    : path_(arguments.at(0)), module_(LoadLibraryA(path_.c_str())) {
    if (module_ == nullptr) {
        throw std::runtime_error("cannot load plugin " + path_ + ": LoadLibrary failed with error " +
                                 std::to_string(GetLastError()));
    }
    if (const auto needs =
            symbol<openvpn_plugin_min_version_required_v1>(module_, "openvpn_plugin_min_version_required_v1");
        needs != nullptr && needs() > OPENVPN_PLUGIN_VERSION) {
        throw std::runtime_error("plugin " + path_ + " needs plugin interface version " + std::to_string(needs()) +
                                 ", but OpenVPN has " + std::to_string(OPENVPN_PLUGIN_VERSION));
    }
    if (const auto select = symbol<openvpn_plugin_select_initialization_point_v1>(
            module_, "openvpn_plugin_select_initialization_point_v1");
        select != nullptr) {
        std::printf("INITIALIZATION POINT %d\n", select());
    }
    close_ = symbol<openvpn_plugin_close_v1>(module_, "openvpn_plugin_close_v1");
    if (close_ == nullptr) throw std::runtime_error("plugin " + path_ + " does not export openvpn_plugin_close_v1");

    const bool has_v3 = GetProcAddress(module_, "openvpn_plugin_open_v3") != nullptr;
    if (api == Api::v3 || (api == Api::newest && has_v3)) {
        open_v3(arguments);
    } else {
        open_v1(arguments);
    }
    if (handle_ == nullptr) throw std::runtime_error("plugin " + path_ + ": its initialization function failed");
    if ((type_mask_ | supported_types) != supported_types) {
        throw std::runtime_error("plugin " + path_ + " asked for events that OpenVPN does not have: mask " +
                                 std::to_string(type_mask_));
    }
}

LoadedPlugin::~LoadedPlugin() {
    close_(handle_);
    FreeLibrary(module_);
}

void LoadedPlugin::open_v3(const std::vector<std::string>& arguments) {
    const auto open = symbol<openvpn_plugin_open_v3>(module_, "openvpn_plugin_open_v3");
    func_v3_ = symbol<openvpn_plugin_func_v3>(module_, "openvpn_plugin_func_v3");
    if (open == nullptr || func_v3_ == nullptr) {
        throw std::runtime_error("plugin " + path_ + " does not export both openvpn_plugin_open_v3 and _func_v3");
    }
    auto argv = pointers(arguments);
    auto envp = pointers({});
    const openvpn_plugin_args_open_in in = {
        supported_types, argv.data(), envp.data(), &callbacks, SSLAPI_OPENSSL, version, 2, 6, ".14",
    };
    openvpn_plugin_string_list* list = nullptr;
    openvpn_plugin_args_open_return out = {0, nullptr, &list};
    if (open(OPENVPN_PLUGINv3_STRUCTVER, &in, &out) == OPENVPN_PLUGIN_FUNC_SUCCESS) {
        type_mask_ = out.type_mask;
        handle_ = out.handle;
    }
}

void LoadedPlugin::open_v1(const std::vector<std::string>& arguments) {
    const auto open = symbol<openvpn_plugin_open_v1>(module_, "openvpn_plugin_open_v1");
    func_v1_ = symbol<openvpn_plugin_func_v1>(module_, "openvpn_plugin_func_v1");
    if (open == nullptr || func_v1_ == nullptr) {
        throw std::runtime_error("plugin " + path_ + " does not export both openvpn_plugin_open_v1 and _func_v1");
    }
    auto argv = pointers(arguments);
    auto envp = pointers({});
    unsigned int mask = 0;
    handle_ = open(&mask, argv.data(), envp.data());
    type_mask_ = static_cast<int>(mask);
}

int LoadedPlugin::call(int type, const std::vector<std::string>& arguments,
                       const std::vector<std::string>& environment) {
    if ((type_mask_ & OPENVPN_PLUGIN_MASK(type)) == 0) return OPENVPN_PLUGIN_FUNC_SUCCESS;
    std::vector<std::string> with_path = {path_};
    with_path.insert(with_path.end(), arguments.begin(), arguments.end());
    auto argv = pointers(with_path);
    auto envp = pointers(environment);
    if (func_v3_ == nullptr) return func_v1_(handle_, type, argv.data(), envp.data());

    const openvpn_plugin_args_func_in in = {type, argv.data(), envp.data(), handle_, nullptr, 0, nullptr};
    openvpn_plugin_string_list* list = nullptr;
    openvpn_plugin_args_func_return out = {&list};
    return func_v3_(OPENVPN_PLUGINv3_STRUCTVER, &in, &out);
}
