#include <cwchar>

#include "../system/files.hpp"
#include "../system/registry.hpp"
#include "../system/security.hpp"
#include "../system/text.hpp"
#include "old_versions.hpp"
#include "pe_image.hpp"
#include "setup.hpp"
#include "setup_dll.hpp"

namespace lsp::setup {
namespace {

constexpr wchar_t current_version_key[] = L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion";
constexpr std::size_t longest_folder = 1024;  // bytes
constexpr unsigned most_suffixes = 100;

// The registry's word first: a user may set environment variables that an elevated process inherits.
std::wstring program_files() {
    RegistryKey key;
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    if (key.open(HKEY_LOCAL_MACHINE, current_version_key, KEY_QUERY_VALUE) == ERROR_SUCCESS &&
        read_value(key.get(), L"ProgramFilesDir", longest_folder, type, bytes) == ERROR_SUCCESS && type == REG_SZ) {
        const std::wstring text(reinterpret_cast<const wchar_t*>(bytes.data()), bytes.size() / sizeof(wchar_t));
        const std::wstring folder = text.substr(0, text.find(L'\0'));
        if (is_full_path(folder)) return folder;
    }
    const std::wstring native = environment_variable(L"ProgramW6432");
    return native.empty() ? environment_variable(L"ProgramFiles") : native;
}

Error stage_error(DWORD error, const char* syscall, const std::wstring& path) {
    return system_error(error, syscall, concat({"Cannot copy the provider's DLL to ", path}),
                        error == ERROR_ACCESS_DENIED ? "Run it from an elevated prompt." : "");
}

bool starts_with(const std::wstring& text, const std::wstring& prefix) {
    return text.size() > prefix.size() && _wcsnicmp(text.c_str(), prefix.c_str(), prefix.size()) == 0;
}

enum class Placed { yes, in_use, failed };

Placed place(const std::wstring& folder, const std::wstring& target, const std::vector<unsigned char>& bytes,
             Outcome& outcome) {
    std::vector<unsigned char> present;
    const DWORD found = read_file(target, present);
    if (found == ERROR_SUCCESS && present == bytes) return Placed::yes;

    const std::wstring temporary =
        widen(concat({folder, "\\new-", GetCurrentProcessId(), "-", GetTickCount(), ".tmp"}));
    // Rights of its own: the account that makes a file otherwise owns it, and what an elevated account owns its
    // programs that are not elevated may change.
    SecurityAttributes security(file_rights);
    if (const DWORD error = write_new_file(temporary, bytes.data(), bytes.size(), security.get())) {
        outcome = stage_error(error, "CreateFileW", temporary);
        return Placed::failed;
    }
    if (MoveFileExW(temporary.c_str(), target.c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        return Placed::yes;
    }
    const DWORD error = GetLastError();
    DeleteFileW(temporary.c_str());
    // The folder could be written, so it is the DLL itself that resists: some process has it loaded.
    if (file_exists(target)) return Placed::in_use;
    outcome = stage_error(error, "MoveFileExW", target);
    return Placed::failed;
}

}  // namespace

std::wstring staging_root() {
    const std::wstring folder = program_files();
    return is_full_path(folder) ? folder + L"\\winsock-lsp" : std::wstring();
}

Result<std::wstring> stage_provider_dll(const std::wstring& source) {
    std::vector<unsigned char> bytes;
    if (const DWORD error = read_file(source, bytes)) {
        return system_error(error == ERROR_PATH_NOT_FOUND ? ERROR_FILE_NOT_FOUND : error, "CreateFileW",
                            concat({"Cannot read the provider's DLL ", source}), "Give the full path of the DLL.");
    }
    PeImage image;
    if (!parse_pe(bytes, image) || !image.is_dll) {
        return own_error("ERR_NOT_A_PROVIDER", concat({"Cannot stage ", source, ": it is not a DLL."}));
    }
    const wchar_t* const name =
        image.machine == IMAGE_FILE_MACHINE_I386 ? L"\\winsock-lsp-ia32.dll" : L"\\winsock-lsp.dll";
    std::vector<unsigned char> setup_bytes;
    if (const DWORD error = read_file(setup_dll_of(source), setup_bytes);
        error != ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND) {
        return system_error(error, "CreateFileW", concat({"Cannot read ", setup_dll_of(source)}));
    }

    const std::wstring root = staging_root();
    if (root.empty()) return stage_error(ERROR_ENVVAR_NOT_FOUND, "RegQueryValueExW", L"%ProgramFiles%");
    if (starts_with(source, root + L"\\") && source.find(L"..") == std::wstring::npos) return source;
    SecurityAttributes security(folder_rights);
    if (const DWORD error = make_folder(root, security.get())) return stage_error(error, "CreateDirectoryW", root);
    const std::string version = concat({root, "\\" WINSOCK_LSP_VERSION});
    for (unsigned suffix = 1; suffix < most_suffixes; ++suffix) {
        const std::wstring folder = widen(suffix == 1 ? version : concat({version, "-", suffix}));
        if (const DWORD error = make_folder(folder, security.get()))
            return stage_error(error, "CreateDirectoryW", folder);
        const std::wstring target = folder + name;
        Outcome outcome = Done{};
        Placed placed = place(folder, target, bytes, outcome);
        if (placed == Placed::yes && !setup_bytes.empty()) {
            placed = place(folder, setup_dll_of(target), setup_bytes, outcome);
        }
        switch (placed) {
            case Placed::yes: return target;
            case Placed::in_use: continue;
            case Placed::failed: return outcome.error();
        }
    }
    return stage_error(ERROR_BUSY, "MoveFileExW", root);
}

}  // namespace lsp::setup
