// Private to setup: whether ordinary users could put their own code where the catalog points (design §7). A path is
// judged by what it leads to.
#pragma once

#include <string>
#include <vector>

#include "../system/error.hpp"
#include "file_system.hpp"

namespace lsp::setup {

using system::Outcome;

// What a user who can do that to the object could replace: the file itself, the folder it is in (add or delete files),
// a folder further up (rename or delete it), the folder where something could be made that is not there yet; or change:
// a registry key.
enum class TrustedObject { file, folder, ancestor, parent, key };

// Who other than SYSTEM, Administrators and TrustedInstaller may replace it: an account's SID, or what else is the
// matter ("the null DACL"); empty if nobody. An entry that allows in another way than the plain one (with a condition,
// for a kind of object) counts whoever it is for.
std::string who_can_replace(const AccessRights& rights, TrustedObject object);

// Of a file and all that is above it, or of a folder if `last` is that.
struct PathJudgement {
    std::string replaceable_by;        // "SID on PATH", "PATH is a link", …; empty: only administrators can
    bool elsewhere = false;            // it is on another machine, or its path may lead there: it is not to be opened
    bool in_system_folder = false;     // it lies in Windows' own folder of DLLs itself, not below
    std::vector<system::Handle> held;  // keep what was judged from being replaced
};

// From the root down, and no further than to the first thing that others can replace. Nothing is opened on another
// machine, and no link is followed: where one is on the path, others could have it lead elsewhere later.
PathJudgement judge_path(const std::wstring& path, TrustedObject last = TrustedObject::file);

// Of judge_path, who can replace it.
std::string who_can_replace(const std::wstring& path);

// Makes a folder that everybody reads and administrators write. One that exists already has to be such a folder, and
// nobody else may be able to replace it or what is above it: users may make folders in %ProgramData%, and links that
// lead elsewhere. `attempt` begins the message: "Cannot …". `held`: gets what keeps it so. Errors: ERR_UNTRUSTED_PATH;
// what CreateDirectoryW gives.
Outcome make_trusted_folder(const std::wstring& path, const std::string& attempt, std::vector<system::Handle>& held);

}  // namespace lsp::setup
