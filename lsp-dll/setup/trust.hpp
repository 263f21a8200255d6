// Private to setup: whether ordinary users could put their own code where the catalog points (design §7).
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <string>

#include "../system/error.hpp"

namespace lsp::setup {

using system::Outcome;

// What a user who can do that to the object could replace: the file itself, the folder it is in (add or delete files),
// a folder further up (rename or delete it).
enum class TrustedObject { file, folder, ancestor };

// Who other than SYSTEM, Administrators and TrustedInstaller may replace it: an account's SID, or "the null DACL";
// empty if nobody.
std::string who_can_replace(PSECURITY_DESCRIPTOR descriptor, TrustedObject object);

// The same for a path and all that is above it, as "SID on PATH". Where the rights cannot be read it says so. Under
// Wine, where one user runs everything, nobody.
std::string who_can_replace(const std::wstring& path);

// Makes a folder that everybody reads and administrators write. One that exists already has to be such a folder: users
// may make folders in %ProgramData%, and links that lead elsewhere. What is above it is not looked at. `attempt` begins
// the message: "Cannot …". Errors: ERR_UNTRUSTED_PATH (a link, or others than administrators can write there); what
// CreateDirectoryW gives.
Outcome make_trusted_folder(const std::wstring& path, const std::string& attempt);

}  // namespace lsp::setup
