// Private to setup: what the file system says of a path. One small interface, because Wine enforces no access rights:
// the tests put a double in its place that can be told what a folder is like (test/setup/told_file_system.hpp).
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../system/handle.hpp"

namespace lsp::setup {

// An access control entry.
struct AccessEntry {
    std::uint8_t type = 0;     // ACCESS_ALLOWED_ACE_TYPE, …
    std::uint8_t flags = 0;    // INHERIT_ONLY_ACE, …
    std::uint32_t rights = 0;  // the mask
    std::string account;       // the SID; of types other than the plain ones, nothing
};

struct AccessRights {
    bool known = false;
    std::string owner;       // the SID
    bool everybody = false;  // there is no DACL, which allows everything to everybody
    std::vector<AccessEntry> entries;
};

AccessRights rights_of(PSECURITY_DESCRIPTOR descriptor);

enum class DriveKind {
    fixed,        // a disk of this machine
    remote,       // a folder of another machine
    substituted,  // another path under a letter (subst)
    other,        // anything that can be taken out; no drive at all
};

struct PathFacts {
    DWORD error = ERROR_SUCCESS;  // why nothing else is known
    bool link = false;            // it stands for another path, and was not followed: nothing else is known
    std::wstring
        final_path;  // what it leads to, with long names: "C:\…"; empty where that cannot be asked (Windows XP)
    AccessRights rights;
};

class FileSystem {
  public:
    virtual DriveKind drive(wchar_t letter) = 0;
    // Of a file or a folder by its full path; of a drive's root with the backslash. Where the system allows it, `held`
    // keeps the object from being renamed, deleted or replaced for as long as it lives.
    virtual PathFacts look(const std::wstring& path, system::Handle& held) = 0;

  protected:
    ~FileSystem() = default;
};

// Windows' own, or what a test has put in its place.
FileSystem& file_system() noexcept;

// Puts another in its place, for all threads, as long as it lives. For tests.
class FileSystemScope {
  public:
    explicit FileSystemScope(FileSystem& other) noexcept;
    ~FileSystemScope();
    FileSystemScope(const FileSystemScope&) = delete;
    FileSystemScope& operator=(const FileSystemScope&) = delete;

  private:
    FileSystem* outer_;
};

}  // namespace lsp::setup
