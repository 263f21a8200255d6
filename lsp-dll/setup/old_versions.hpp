// Private to setup: earlier versions' files under %ProgramFiles%\winsock-lsp, which stage_provider_dll put there.
#pragma once

#include <string>
#include <vector>

namespace lsp::setup {

struct Plan;
struct Snapshot;

// %ProgramFiles%\winsock-lsp; empty if Windows does not tell where that is.
std::wstring staging_root();
// True for a path below it.
bool is_below_staging_root(const std::wstring& path);

struct CleanUp {
    std::vector<std::wstring> deleted;    // files
    std::vector<std::wstring> scheduled;  // in use: renamed, and deleted when Windows starts the next time
};

// Deletes what stage_provider_dll made and no entry of either catalog names, with the folders that become empty. A
// folder that a registered DLL is in stays whole, and so does everything where a catalog cannot be read. A file in use
// is renamed first: its name may be wanted again before the restart that deletes it. What cannot be deleted stays, for
// the next time. The caller holds the CatalogLock. DeleteFileW, MoveFileExW, RemoveDirectoryW.
CleanUp delete_old_versions();

// The files that it will find when the plan has been carried out.
std::vector<std::wstring> plan_clean_up(const Plan& plan, const Snapshot& snapshot);

}  // namespace lsp::setup
