#include "file_system.hpp"

#include <aclapi.h>
#include <sddl.h>

#include <atomic>

#include "../system/platform.hpp"
#include "../system/system_function.hpp"
#include "../system/text.hpp"

namespace lsp::setup {
namespace {

using system::Handle;

// Windows Vista.
constinit system::SystemFunction<DWORD WINAPI(HANDLE, LPWSTR, DWORD, DWORD)> final_path_by_handle{
    system::SystemLibrary::kernel32, "GetFinalPathNameByHandleW"};

std::string account_of(PSID sid) {
    wchar_t* text = nullptr;
    if (!ConvertSidToStringSidW(sid, &text)) return "an account";
    const std::string result = system::narrow(text);
    LocalFree(text);
    return result;
}

// What Wine has: one user runs everything, and nobody is kept from anything.
AccessRights rights_of_wine() {
    AccessRights rights;
    rights.known = true;
    rights.owner = "S-1-5-32-544";
    return rights;
}

std::wstring final_path_of(HANDLE handle) {
    const auto function = final_path_by_handle.get();
    if (function == nullptr) return {};
    std::wstring path(MAX_PATH, L'\0');
    for (int attempt = 0; attempt < 2; ++attempt) {
        const DWORD length = function(handle, path.data(), static_cast<DWORD>(path.size()), 0);
        if (length == 0) break;
        if (length < path.size()) {
            path.resize(length);
            // "\\?\C:\…" or "\\?\UNC\server\…".
            if (path.starts_with(L"\\\\?\\UNC\\")) return L"\\\\" + path.substr(8);
            return path.starts_with(L"\\\\?\\") ? path.substr(4) : path;
        }
        path.resize(length);
    }
    // A volume without a letter, for one. That is no path that anybody could have given.
    return L"a place without a path";
}

class WindowsFileSystem final : public FileSystem {
  public:
    DriveKind drive(wchar_t letter) override {
        const wchar_t name[] = {letter, L':', L'\0'}, root[] = {letter, L':', L'\\', L'\0'};
        wchar_t target[MAX_PATH];
        if (QueryDosDeviceW(name, target, MAX_PATH) != 0 && std::wstring_view(target).starts_with(L"\\??\\")) {
            return DriveKind::substituted;
        }
        switch (GetDriveTypeW(root)) {
            case DRIVE_FIXED: return DriveKind::fixed;
            case DRIVE_REMOTE: return DriveKind::remote;
            default: return DriveKind::other;
        }
    }

    PathFacts look(const std::wstring& path, Handle& held) override {
        PathFacts facts;
        const DWORD attributes = GetFileAttributesW(path.c_str());
        if (attributes == INVALID_FILE_ATTRIBUTES) {
            facts.error = GetLastError();
            return facts;
        }
        // A root is none, whatever Wine says: it makes its drives by links. What a letter stands for, `drive` tells.
        const bool is_root = path.size() == 3;
        facts.link = !is_root && (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && stands_for_another(path);
        if (facts.link) return facts;

        constexpr DWORD asking = READ_CONTROL | FILE_READ_ATTRIBUTES;
        constexpr DWORD sharing = FILE_SHARE_READ | FILE_SHARE_WRITE;
        // Only who may read or write takes part in sharing, so only such a handle holds the object. Whoever may not, or
        // comes when it is in use, asks without holding it.
        Handle handle = open(path, asking | FILE_READ_DATA, sharing);
        if (!handle) handle = open(path, asking, sharing | FILE_SHARE_DELETE);
        if (!handle) {
            facts.error = GetLastError();
            return facts;
        }
        facts.final_path = final_path_of(handle.get());
        if (!system::enforces_access_rights()) {
            facts.rights = rights_of_wine();
        } else {
            PSECURITY_DESCRIPTOR descriptor = nullptr;
            facts.error =
                GetSecurityInfo(handle.get(), SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                nullptr, nullptr, nullptr, nullptr, &descriptor);
            if (facts.error != ERROR_SUCCESS) return facts;
            facts.rights = rights_of(descriptor);
            LocalFree(descriptor);
        }
        held = std::move(handle);
        return facts;
    }

  private:
    static Handle open(const std::wstring& path, DWORD access, DWORD sharing) {
        return Handle(CreateFileW(path.c_str(), access, sharing, nullptr, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
    }

    // Not what a file system only stores in another way: compressed, deduplicated, in the cloud.
    static bool stands_for_another(const std::wstring& path) {
        WIN32_FIND_DATAW found;
        const HANDLE search = FindFirstFileW(path.c_str(), &found);
        if (search == INVALID_HANDLE_VALUE) return true;
        FindClose(search);
        // Wine tells no tag.
        return found.dwReserved0 == 0 || IsReparseTagNameSurrogate(found.dwReserved0);
    }
};

WindowsFileSystem windows_file_system;
std::atomic<FileSystem*> file_system_in_place{&windows_file_system};

}  // namespace

AccessRights rights_of(PSECURITY_DESCRIPTOR descriptor) {
    AccessRights rights;
    PSID owner = nullptr;
    BOOL defaulted = FALSE, present = FALSE;
    PACL list = nullptr;
    if (!GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) || owner == nullptr ||
        !GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted)) {
        return rights;
    }
    rights.owner = account_of(owner);
    rights.everybody = !present || list == nullptr;
    for (DWORD i = 0; !rights.everybody && i < list->AceCount; ++i) {
        void* entry = nullptr;
        if (!GetAce(list, i, &entry)) return rights;
        // The mask is at the same place in each kind; what else there is only in the plain ones.
        auto* const allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
        const BYTE type = allowed->Header.AceType;
        const bool plain = type == ACCESS_ALLOWED_ACE_TYPE || type == ACCESS_DENIED_ACE_TYPE;
        rights.entries.push_back(
            {type, allowed->Header.AceFlags, allowed->Mask, plain ? account_of(&allowed->SidStart) : std::string()});
    }
    rights.known = true;
    return rights;
}

FileSystem& file_system() noexcept { return *file_system_in_place.load(std::memory_order_acquire); }

FileSystemScope::FileSystemScope(FileSystem& other) noexcept : outer_(file_system_in_place.exchange(&other)) {}

FileSystemScope::~FileSystemScope() { file_system_in_place.store(outer_); }

}  // namespace lsp::setup
