#include "old_versions.hpp"

#include <cwchar>

#include "../system/catalog_functions.hpp"
#include "../system/files.hpp"
#include "../system/text.hpp"
#include "install_steps.hpp"

namespace lsp::setup {
namespace {

// What stage_provider_dll makes, what it leaves when it is killed (new-….tmp), and what this file leaves (old-….tmp).
constexpr const wchar_t* staged_names[] = {L"winsock-lsp.dll", L"winsock-lsp-ia32.dll", L"winsock-lsp-setup.dll",
                                           L"winsock-lsp-ia32-setup.dll"};
constexpr std::wstring_view old_prefix = L"old-";

bool is_temporary(std::wstring_view name) {
    return (name.starts_with(L"new-") || name.starts_with(old_prefix)) && name.ends_with(L".tmp");
}

bool is_staged(const std::wstring& name) {
    for (const wchar_t* known : staged_names) {
        if (_wcsicmp(name.c_str(), known) == 0) return true;
    }
    return is_temporary(name);
}

// Of a folder, without "." and "..".
std::vector<WIN32_FIND_DATAW> members_of(const std::wstring& folder) {
    std::vector<WIN32_FIND_DATAW> members;
    WIN32_FIND_DATAW found;
    const HANDLE search = FindFirstFileW((folder + L"\\*").c_str(), &found);
    if (search == INVALID_HANDLE_VALUE) return members;
    do {
        const std::wstring_view name = found.cFileName;
        if (name != L"." && name != L"..") members.push_back(found);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    return members;
}

// The folders of all registered DLLs; nothing if that cannot be told for certain.
std::optional<std::vector<std::wstring>> registered_folders() {
    // A 32-bit process does not see what 64-bit programs have registered.
    wchar_t unused[MAX_PATH];
    if (native_architecture == Architecture::ia32 && GetSystemWow64DirectoryW(unused, MAX_PATH) != 0) {
        return std::nullopt;
    }
    const auto snapshot = take_snapshot();
    if (!snapshot) return std::nullopt;
    std::vector<std::wstring> folders;
    for (const Catalog* catalog : {&snapshot->native, snapshot->other ? &*snapshot->other : nullptr}) {
        if (catalog == nullptr) continue;
        for (const CatalogEntry& entry : *catalog) {
            const std::wstring path = expand_environment(entry.path);
            if (entry.path_error != 0 || path.empty()) return std::nullopt;
            folders.push_back(folder_of(path));
        }
    }
    return folders;
}

bool contains(const std::vector<std::wstring>& folders, const std::wstring& folder) {
    for (const std::wstring& each : folders) {
        if (_wcsicmp(each.c_str(), folder.c_str()) == 0) return true;
    }
    return false;
}

void delete_file(const std::wstring& folder, const std::wstring& name, unsigned index, CleanUp& result) {
    const std::wstring path = folder + L"\\" + name;
    if (DeleteFileW(path.c_str())) {
        result.deleted.push_back(path);
        return;
    }
    // In use, and scheduled already.
    if (std::wstring_view(name).starts_with(old_prefix)) return;
    const std::wstring renamed =
        folder + L"\\" + widen(concat({"old-", GetCurrentProcessId(), "-", GetTickCount(), "-", index, ".tmp"}));
    if (!MoveFileExW(path.c_str(), renamed.c_str(), 0)) return;
    MoveFileExW(renamed.c_str(), nullptr, MOVEFILE_DELAY_UNTIL_REBOOT);
    result.scheduled.push_back(renamed);
}

void delete_folder(const std::wstring& folder, CleanUp& result) {
    const std::size_t scheduled = result.scheduled.size();
    unsigned index = 0;
    for (const WIN32_FIND_DATAW& member : members_of(folder)) {
        const bool is_folder = (member.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
        if (!is_folder && is_staged(member.cFileName)) delete_file(folder, member.cFileName, ++index, result);
    }
    // If something is in it by then, at once or at the restart, it stays.
    if (!RemoveDirectoryW(folder.c_str()) && result.scheduled.size() > scheduled) {
        MoveFileExW(folder.c_str(), nullptr, MOVEFILE_DELAY_UNTIL_REBOOT);
    }
}

}  // namespace

CleanUp delete_old_versions() {
    CleanUp result;
    const std::wstring root = staging_root();
    const std::vector<WIN32_FIND_DATAW> versions = root.empty() ? std::vector<WIN32_FIND_DATAW>() : members_of(root);
    if (versions.empty()) return result;
    const auto registered = registered_folders();
    if (!registered) return result;
    for (const WIN32_FIND_DATAW& member : versions) {
        const bool is_link = (member.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
        if ((member.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 || is_link) continue;
        const std::wstring folder = root + L"\\" + member.cFileName;
        if (!contains(*registered, folder)) delete_folder(folder, result);
    }
    return result;
}

}  // namespace lsp::setup
