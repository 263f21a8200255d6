#include "old_versions.hpp"

#include <cwchar>

#include "../system/catalog_functions.hpp"
#include "../system/text.hpp"
#include "files.hpp"
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

// The folders of all DLLs that these catalogs register; nothing if that cannot be told for certain.
std::optional<std::vector<std::wstring>> registered_folders(std::initializer_list<const Catalog*> catalogs) {
    // A 32-bit process does not see what 64-bit programs have registered.
    wchar_t unused[MAX_PATH];
    if (native_architecture == Architecture::ia32 && GetSystemWow64DirectoryW(unused, MAX_PATH) != 0) {
        return std::nullopt;
    }
    std::vector<std::wstring> folders;
    for (const Catalog* catalog : catalogs) {
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

// What stage_provider_dll made there.
std::vector<std::wstring> staged_files(const std::wstring& folder) {
    std::vector<std::wstring> names;
    for (const WIN32_FIND_DATAW& member : members_of(folder)) {
        const bool is_file = (member.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
        if (is_file && is_staged(member.cFileName)) names.emplace_back(member.cFileName);
    }
    return names;
}

void delete_folder(const std::wstring& folder, CleanUp& result) {
    const std::size_t scheduled = result.scheduled.size();
    unsigned index = 0;
    for (const std::wstring& name : staged_files(folder)) delete_file(folder, name, ++index, result);
    // If something is in it by then, at once or at the restart, it stays.
    if (!RemoveDirectoryW(folder.c_str()) && result.scheduled.size() > scheduled) {
        MoveFileExW(folder.c_str(), nullptr, MOVEFILE_DELAY_UNTIL_REBOOT);
    }
}

std::vector<WIN32_FIND_DATAW> versions() {
    const std::wstring root = staging_root();
    return root.empty() ? std::vector<WIN32_FIND_DATAW>() : members_of(root);
}

// The versions' folders that none of these catalogs names.
std::vector<std::wstring> unregistered_versions(std::initializer_list<const Catalog*> catalogs) {
    std::vector<std::wstring> folders;
    const auto registered = registered_folders(catalogs);
    if (!registered) return folders;
    for (const WIN32_FIND_DATAW& member : versions()) {
        const std::wstring folder = staging_root() + L"\\" + member.cFileName;
        if (is_folder(member) && !contains(*registered, folder)) folders.push_back(folder);
    }
    return folders;
}

}  // namespace

CleanUp delete_old_versions() {
    CleanUp result;
    if (versions().empty()) return result;
    const auto snapshot = take_snapshot();
    if (!snapshot) return result;
    const Catalog* const other = snapshot->other ? &*snapshot->other : nullptr;
    for (const std::wstring& folder : unregistered_versions({&snapshot->native, other})) delete_folder(folder, result);
    return result;
}

std::vector<std::wstring> plan_clean_up(const Plan& plan, const Snapshot& snapshot) {
    std::vector<std::wstring> files;
    if (!plan.changes() || versions().empty()) return files;
    const Catalog* native = &snapshot.native;
    const Catalog* other = snapshot.other ? &*snapshot.other : nullptr;
    for (const CatalogPlan& catalog : plan.catalogs) {
        (catalog.architecture == native_architecture ? native : other) = &catalog.after;
    }
    for (const std::wstring& folder : unregistered_versions({native, other})) {
        for (const std::wstring& name : staged_files(folder)) files.push_back(folder + L"\\" + name);
    }
    return files;
}

}  // namespace lsp::setup
