#include "publishers.hpp"

#include <windows.h>
#include <winsock2.h>
// Below windows.h
#include <sddl.h>

#include <algorithm>
#include <cwchar>
#include <memory>

#include "../system/policy_store_keys.hpp"
#include "../system/text.hpp"
#include "registry_tree.hpp"
#include "registry_write.hpp"
#include "security.hpp"
#include "tunnels/policy_store_write.hpp"

namespace lsp::setup {
namespace {

struct LocalMemory {
    void operator()(void* memory) const { LocalFree(memory); }
};
using LocalText = std::unique_ptr<wchar_t, LocalMemory>;

// A SID in memory that is aligned for it.
struct Sid {
    alignas(DWORD) unsigned char bytes[SECURITY_MAX_SID_SIZE];
    PSID get() { return bytes; }
};

std::wstring text_of(PSID sid) {
    wchar_t* text = nullptr;
    if (!ConvertSidToStringSidW(sid, &text)) return {};
    const LocalText owner(text);
    return text;
}

// "DOMAIN\Name"; empty if there is no account with that SID. `use` is what kind it is.
std::wstring name_of(PSID sid, SID_NAME_USE& use) {
    wchar_t name[256], domain[256];
    DWORD name_size = 256, domain_size = 256;
    if (!LookupAccountSidW(nullptr, sid, name, &name_size, domain, &domain_size, &use)) return {};
    return *domain == L'\0' ? std::wstring(name) : std::wstring(domain) + L"\\" + name;
}

// A service's own account is a well-known group.
bool runs_programs(SID_NAME_USE use) {
    return use == SidTypeUser || use == SidTypeGroup || use == SidTypeAlias || use == SidTypeWellKnownGroup;
}

Error publishers_error(LONG error, const char* syscall) {
    const char* const remedy = error == ERROR_ACCESS_DENIED ? "Run it from an elevated prompt." : "";
    return system_error(static_cast<std::uint32_t>(error), syscall,
                        concat({"Cannot set who may publish tunnels, in ", store_name(), "\\", delegated_tunnels_key}),
                        remedy);
}

std::wstring key_path() { return std::wstring(policy_store_key) + L"\\" + delegated_tunnels_key; }

constexpr char descriptor_function[] = "ConvertStringSecurityDescriptorToSecurityDescriptorW";

// SYSTEM and Administrators have every right there anyway.
bool is_administrator(PSID sid) {
    return IsWellKnownSid(sid, WinLocalSystemSid) || IsWellKnownSid(sid, WinBuiltinAdministratorsSid);
}

constexpr std::size_t most_publishers = 16;

// Each once, in an order of their own.
std::vector<std::wstring> sids_of(const std::vector<Account>& accounts) {
    std::vector<std::wstring> sids;
    for (const Account& each : accounts) sids.push_back(each.sid);
    std::sort(sids.begin(), sids.end());
    sids.erase(std::unique(sids.begin(), sids.end()), sids.end());
    return sids;
}

}  // namespace

std::wstring publishers_rights(const std::vector<Account>& accounts) {
    // 2001d: read, and make subkeys. 3001b: read, set values, delete; for whoever made a subkey, and not inherited by
    // the group, so that nobody touches another's. S-1-3-4 (OWNER RIGHTS, Vista) takes from the makers what owners
    // have otherwise: to change the rights.
    std::wstring rights = policy_store_rights;
    for (const std::wstring& sid : sids_of(accounts)) rights += L"(A;;0x2001d;;;" + sid + L")";
    return rights + L"(A;CIIO;0x3001b;;;CO)(A;CIIO;0x3001b;;;S-1-3-4)";
}

Result<Account> find_account(const std::wstring& name) {
    const std::string attempt = concat({"Cannot let ", name, " publish tunnels"});
    Sid sid;
    SID_NAME_USE use = SidTypeUnknown;
    PSID given = nullptr;
    Account account;
    if (name.empty()) {
        // To LookupAccountNameW it is the computer.
    } else if (ConvertStringSidToSidW(name.c_str(), &given)) {
        const std::unique_ptr<void, LocalMemory> owner(given);
        account = {text_of(given), name_of(given, use)};
        if (account.name.empty()) use = SidTypeUnknown;
    } else {
        wchar_t domain[256];
        DWORD sid_size = sizeof(sid.bytes), domain_size = 256;
        if (LookupAccountNameW(nullptr, name.c_str(), sid.get(), &sid_size, domain, &domain_size, &use)) {
            account = {text_of(sid.get()), name_of(sid.get(), use)};
        } else if (const DWORD error = GetLastError(); error != ERROR_NONE_MAPPED) {
            return system_error(error, "LookupAccountNameW", attempt);
        }
    }
    if (account.sid.empty() || account.name.empty()) {
        return own_error(
            "ERR_UNKNOWN_GROUP",
            concat(
                {attempt, ": this system knows no such group or account. `net localgroup` lists the local groups."}));
    }
    if (!runs_programs(use)) {
        return own_error("ERR_NOT_A_GROUP",
                         concat({attempt, ": that is neither a group nor a user's or service's account."}));
    }
    return account;
}

Outcome allow_publishers(const std::vector<Account>& accounts) {
    const std::vector<std::wstring> wanted = sids_of(accounts);
    if (wanted.empty() || wanted.size() > most_publishers) {
        return system_error(ERROR_INVALID_PARAMETER, "", "Cannot set who may publish tunnels",
                            "Name one group or account at least, and 16 at most.");
    }
    if (const Outcome created = create_policy_store(); !created) return created;
    const auto before = publishers();
    if (before && sids_of(*before) == wanted) return Done{};
    // With other rights it is made anew: what is in it was written by those who may no longer.
    if (const Outcome forbidden = forbid_publishers(); !forbidden) return forbidden;
    SecurityAttributes security(publishers_rights(accounts).c_str());
    if (security.get() == nullptr) {
        return publishers_error(static_cast<LONG>(GetLastError()), descriptor_function);
    }
    RegistryKey key;
    LONG error = create_key(key, HKEY_LOCAL_MACHINE, key_path().c_str(), REG_OPTION_NON_VOLATILE, KEY_READ | WRITE_DAC,
                            security.get());
    if (error != ERROR_SUCCESS) return publishers_error(error, "RegCreateKeyExW");
    // Wine makes the key without them.
    error = RegSetKeySecurity(key.get(), DACL_SECURITY_INFORMATION, security.get()->lpSecurityDescriptor);
    if (error != ERROR_SUCCESS) return publishers_error(error, "RegSetKeySecurity");
    const auto now = publishers();
    if (!now) return now.error();
    if (sids_of(*now) == wanted) return Done{};
    (void)forbid_publishers();
    return own_error("ERR_READBACK_MISMATCH",
                     concat({"Cannot let ", accounts.front().name, accounts.size() > 1 ? " and others" : "",
                             " publish tunnels: the key ", store_name(), "\\", delegated_tunnels_key,
                             " did not get the rights that were asked for. It was deleted again."}));
}

Outcome forbid_publishers() {
    RegistryKey key;
    LONG error = key.open(HKEY_LOCAL_MACHINE, key_path().c_str(), WRITE_DAC);
    if (error == ERROR_FILE_NOT_FOUND) return Done{};
    if (error != ERROR_SUCCESS) return publishers_error(error, "RegOpenKeyExW");
    // First, for what members have made in it may stand in the way of deleting it.
    SecurityAttributes security(policy_store_rights);
    if (security.get() == nullptr) {
        return publishers_error(static_cast<LONG>(GetLastError()), descriptor_function);
    }
    error = RegSetKeySecurity(key.get(), DACL_SECURITY_INFORMATION, security.get()->lpSecurityDescriptor);
    if (error != ERROR_SUCCESS) return publishers_error(error, "RegSetKeySecurity");
    key.close();
    // All that members have made there: nothing of it is gone through by a link (registry_tree.hpp).
    error = delete_tree(HKEY_LOCAL_MACHINE, key_path());
    if (error == ERROR_SUCCESS || error == ERROR_FILE_NOT_FOUND) return Done{};
    return system_error(static_cast<std::uint32_t>(error), "RegDeleteKeyExW",
                        concat({"Only administrators may publish tunnels now, but what is in ", store_name(), "\\",
                                delegated_tunnels_key, " cannot be deleted"}),
                        "Take ownership of what is there, look at it, and delete it by hand.");
}

Result<std::vector<Account>> publishers() {
    std::vector<Account> accounts;
    RegistryKey key;
    LONG error = key.open(HKEY_LOCAL_MACHINE, key_path().c_str(), READ_CONTROL);
    if (error == ERROR_FILE_NOT_FOUND) return accounts;
    if (error != ERROR_SUCCESS) return publishers_error(error, "RegOpenKeyExW");
    DWORD size = 0;
    error = RegGetKeySecurity(key.get(), DACL_SECURITY_INFORMATION, nullptr, &size);
    const auto memory = std::make_unique<std::max_align_t[]>(size / sizeof(std::max_align_t) + 1);
    PSECURITY_DESCRIPTOR const descriptor = memory.get();
    if (error == ERROR_INSUFFICIENT_BUFFER) {
        error = RegGetKeySecurity(key.get(), DACL_SECURITY_INFORMATION, descriptor, &size);
    }
    if (error != ERROR_SUCCESS) return publishers_error(error, "RegGetKeySecurity");
    BOOL present = FALSE, defaulted = FALSE;
    PACL list = nullptr;
    if (!GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted)) {
        return publishers_error(static_cast<LONG>(GetLastError()), "GetSecurityDescriptorDacl");
    }
    if (!present || list == nullptr) return std::vector<Account>{{L"S-1-1-0", L"Everyone"}};
    for (DWORD i = 0; i < list->AceCount; ++i) {
        void* entry = nullptr;
        if (!GetAce(list, i, &entry)) continue;
        auto* const allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
        if (allowed->Header.AceType != ACCESS_ALLOWED_ACE_TYPE || (allowed->Header.AceFlags & INHERIT_ONLY_ACE) != 0 ||
            (allowed->Mask & (KEY_CREATE_SUB_KEY | GENERIC_WRITE | GENERIC_ALL | WRITE_DAC | WRITE_OWNER)) == 0) {
            continue;
        }
        PSID const sid = &allowed->SidStart;
        if (is_administrator(sid)) continue;
        SID_NAME_USE use = SidTypeUnknown;
        std::wstring name = name_of(sid, use);
        const std::wstring text = text_of(sid);
        accounts.push_back({text, name.empty() ? text : std::move(name)});
    }
    return accounts;
}

}  // namespace lsp::setup
