#include <cwchar>
#include <optional>

#include "../system/handle.hpp"
#include "../system/text.hpp"
#include "files.hpp"
#include "known_folders.hpp"
#include "old_versions.hpp"
#include "pe_image.hpp"
#include "plan.hpp"
#include "security.hpp"
#include "setup.hpp"
#include "setup_dll.hpp"

namespace lsp::setup {
namespace {

constexpr unsigned most_suffixes = 100;

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

bool is_below_staging_root(const std::wstring& path) {
    const std::wstring root = staging_root();
    return !root.empty() && starts_with(path, root + L"\\") && path.find(L"..") == std::wstring::npos;
}

namespace {

// What is to be staged, and where.
struct Staging {
    std::wstring root;                              // the folder that holds the versions' folders
    const wchar_t* name = nullptr;                  // of the file, with a backslash
    std::vector<unsigned char> bytes, setup_bytes;  // setup_bytes: empty if there is no setup DLL beside the source
    bool staged_already = false;                    // the source lies under the root

    // With a suffix from the second on, which is for other bytes of the same version.
    std::wstring folder(unsigned number) const {
        const std::string version = concat({root, "\\" WINSOCK_LSP_VERSION});
        return widen(number == 1 ? version : concat({version, "-", number}));
    }
};

Result<Staging> read_staging(const std::wstring& source) {
    Staging staging;
    if (const DWORD error = read_file(source, staging.bytes)) {
        return system_error(error == ERROR_PATH_NOT_FOUND ? ERROR_FILE_NOT_FOUND : error, "CreateFileW",
                            concat({"Cannot read the provider's DLL ", source}), "Give the full path of the DLL.");
    }
    PeImage image;
    if (!parse_pe(staging.bytes, image) || !image.is_dll) {
        return own_error("ERR_NOT_A_PROVIDER", concat({"Cannot stage ", source, ": it is not a DLL."}));
    }
    staging.name = image.machine == IMAGE_FILE_MACHINE_I386 ? L"\\winsock-lsp-ia32.dll" : L"\\winsock-lsp.dll";
    if (const DWORD error = read_file(setup_dll_of(source), staging.setup_bytes);
        error != ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND) {
        return system_error(error, "CreateFileW", concat({"Cannot read ", setup_dll_of(source)}));
    }
    staging.root = staging_root();
    if (staging.root.empty()) return stage_error(ERROR_ENVVAR_NOT_FOUND, "RegQueryValueExW", L"%ProgramFiles%");
    staging.staged_already = is_below_staging_root(source);
    return staging;
}

// What `place` would find.
enum class Present { same, none, replaceable, in_use };

Present look_at(const std::wstring& target, const std::vector<unsigned char>& bytes) {
    std::vector<unsigned char> present;
    if (read_file(target, present) == ERROR_SUCCESS && present == bytes) return Present::same;
    if (!file_exists(target)) return Present::none;
    // A DLL that some process has loaded cannot be opened for writing. Without the right to write it the question stays
    // open; then whoever has that right will replace it.
    const Handle file(CreateFileW(target.c_str(), GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                  nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (file) return Present::replaceable;
    const DWORD error = GetLastError();
    return error == ERROR_SHARING_VIOLATION || error == ERROR_USER_MAPPED_FILE ? Present::in_use : Present::replaceable;
}

// In that folder; nothing if what is there is in use.
std::optional<StagingPlan> plan_in(const Staging& staging, const std::wstring& source, unsigned number) {
    StagingPlan plan{staging.folder(number) + staging.name, {}};
    const auto add = [&plan](const std::wstring& from, const std::wstring& to,
                             const std::vector<unsigned char>& bytes) {
        const Present present = look_at(to, bytes);
        if (present == Present::none || present == Present::replaceable) plan.copies.push_back({from, to});
        return present != Present::in_use;
    };
    if (!add(source, plan.path, staging.bytes)) return std::nullopt;
    if (!staging.setup_bytes.empty() && !add(setup_dll_of(source), setup_dll_of(plan.path), staging.setup_bytes)) {
        return std::nullopt;
    }
    return plan;
}

// Makes what `plan_in` planned.
Placed carry_out(const Staging& staging, const StagingPlan& plan, Outcome& outcome) {
    const std::wstring folder = folder_of(plan.path);
    SecurityAttributes security(folder_rights);
    for (const std::wstring& each : {staging.root, folder}) {
        if (const DWORD error = make_folder(each, security.get())) {
            outcome = stage_error(error, "CreateDirectoryW", each);
            return Placed::failed;
        }
    }
    for (const FileCopy& copy : plan.copies) {
        const auto& bytes = copy.to == plan.path ? staging.bytes : staging.setup_bytes;
        if (const Placed placed = place(folder, copy.to, bytes, outcome); placed != Placed::yes) return placed;
    }
    return Placed::yes;
}

}  // namespace

Result<StagingPlan> plan_staging(const std::wstring& source) {
    const auto staging = read_staging(source);
    if (!staging) return staging.error();
    if (staging->staged_already) return StagingPlan{source, {}};
    for (unsigned number = 1; number < most_suffixes; ++number) {
        if (const auto plan = plan_in(*staging, source, number)) return *plan;
    }
    return stage_error(ERROR_BUSY, "MoveFileExW", staging->root);
}

Result<std::wstring> stage_provider_dll(const std::wstring& source, SourceTrust trust) {
    // What is judged is what is read.
    std::vector<Handle> held;
    if (trust == SourceTrust::judge && !is_below_staging_root(source)) {
        if (const Outcome checked = check_source(source, held); !checked) return checked.error();
    }
    const auto staging = read_staging(source);
    if (!staging) return staging.error();
    if (staging->staged_already) return source;
    for (unsigned number = 1; number < most_suffixes; ++number) {
        const auto plan = plan_in(*staging, source, number);
        if (!plan) continue;
        Outcome outcome = Done{};
        switch (carry_out(*staging, *plan, outcome)) {
            case Placed::yes: return plan->path;
            case Placed::in_use: continue;
            case Placed::failed: return outcome.error();
        }
    }
    return stage_error(ERROR_BUSY, "MoveFileExW", staging->root);
}

}  // namespace lsp::setup
