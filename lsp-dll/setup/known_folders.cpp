#include "known_folders.hpp"

#include <cwchar>

#include "../system/registry.hpp"
#include "files.hpp"

namespace lsp::setup {
namespace {

using namespace system;

constexpr wchar_t windows_key[] = L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion";
constexpr wchar_t profiles_key[] = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList";
constexpr std::size_t longest_folder = 1024;  // bytes

// Empty if there is none.
std::wstring folder_value(const wchar_t* key_name, const wchar_t* name) {
    RegistryKey key;
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    if (key.open(HKEY_LOCAL_MACHINE, key_name, KEY_QUERY_VALUE) != ERROR_SUCCESS ||
        read_value(key.get(), name, longest_folder, type, bytes) != ERROR_SUCCESS ||
        (type != REG_SZ && type != REG_EXPAND_SZ)) {
        return {};
    }
    const std::wstring text(reinterpret_cast<const wchar_t*>(bytes.data()), bytes.size() / sizeof(wchar_t));
    return text.substr(0, text.find(L'\0'));
}

// Of the variables only those that Windows itself uses there, and not by the environment.
std::wstring without_variables(const std::wstring& path) {
    wchar_t windows[MAX_PATH];
    const UINT length = GetSystemWindowsDirectoryW(windows, MAX_PATH);
    if (length < 2 || length >= MAX_PATH) return {};
    const struct {
        std::wstring_view name;
        std::wstring value;
    } variables[] = {{L"%SystemDrive%", std::wstring(windows, 2)}, {L"%SystemRoot%", windows}};
    for (const auto& variable : variables) {
        if (_wcsnicmp(path.c_str(), variable.name.data(), variable.name.size()) == 0)
            return variable.value + path.substr(variable.name.size());
    }
    return path;
}

}  // namespace

std::wstring program_files() {
    const std::wstring folder = folder_value(windows_key, L"ProgramFilesDir");
    if (is_full_path(folder)) return folder;
    const std::wstring native = environment_variable(L"ProgramW6432");
    return native.empty() ? environment_variable(L"ProgramFiles") : native;
}

std::wstring program_data() {
    const std::wstring folder = folder_value(profiles_key, L"ProgramData");
    if (!folder.empty()) return without_variables(folder);
    const std::wstring profiles = folder_value(profiles_key, L"ProfilesDirectory");
    const std::wstring all_users = folder_value(profiles_key, L"AllUsersProfile");
    return profiles.empty() || all_users.empty() ? std::wstring() : without_variables(profiles) + L"\\" + all_users;
}

}  // namespace lsp::setup
