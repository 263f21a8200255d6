#include "trust.hpp"

#include <cwchar>
#include <iterator>

#include "../system/text.hpp"
#include "files.hpp"
#include "security.hpp"
#include "setup.hpp"

namespace lsp::setup {
namespace {

constexpr ACCESS_MASK change_rights = DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;

ACCESS_MASK replacing_rights(TrustedObject object) {
    switch (object) {
        case TrustedObject::file: return change_rights | FILE_WRITE_DATA | FILE_APPEND_DATA;
        case TrustedObject::folder: return change_rights | FILE_ADD_FILE | FILE_DELETE_CHILD;
        case TrustedObject::ancestor:  // whoever may only add to it cannot move what is there
            return change_rights | FILE_DELETE_CHILD;
        case TrustedObject::parent: return change_rights | FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY | FILE_DELETE_CHILD;
        case TrustedObject::key: return change_rights | KEY_SET_VALUE | KEY_CREATE_SUB_KEY | KEY_CREATE_LINK;
    }
    return 0;
}

bool is_trusted(const std::string& sid) {
    // SYSTEM, Administrators, NT SERVICE\TrustedInstaller (fixed since Vista).
    for (const char* trusted :
         {"S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"}) {
        if (sid == trusted) return true;
    }
    return false;
}

// Of an entry in an access control list: whether it takes rights away.
bool denies(std::uint8_t type) {
    return type == ACCESS_DENIED_ACE_TYPE || type == ACCESS_DENIED_OBJECT_ACE_TYPE ||
           type == ACCESS_DENIED_CALLBACK_ACE_TYPE || type == ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE;
}

bool same_path(const std::wstring& a, const std::wstring& b) { return _wcsicmp(a.c_str(), b.c_str()) == 0; }

// With Windows' separators, and without "." and ".."; empty if it cannot be.
std::wstring normal_path(const std::wstring& path) {
    std::wstring result(MAX_PATH, L'\0');
    for (int attempt = 0; attempt < 2; ++attempt) {
        const DWORD length = GetFullPathNameW(path.c_str(), static_cast<DWORD>(result.size()), result.data(), nullptr);
        if (length < result.size()) {
            result.resize(length);
            return result;
        }
        result.resize(length);
    }
    return {};
}

bool has_letter(const std::wstring& path) {
    const wchar_t letter = path.empty() ? L'\0' : static_cast<wchar_t>(path[0] | 0x20);
    return path.size() >= 3 && letter >= L'a' && letter <= L'z' && path[1] == L':' && path[2] == L'\\';
}

std::string place_fault(const std::wstring& path) {
    if (path.starts_with(L"\\\\")) return concat({path, " is the path of another machine or of a device"});
    if (!has_letter(path)) return concat({path, " is no full path"});
    if (path.find(L':', 2) != std::wstring::npos) return concat({path, " names a stream of a file"});
    const std::wstring letter = path.substr(0, 2);
    switch (file_system().drive(path[0])) {
        case DriveKind::fixed: return {};
        case DriveKind::remote: return concat({letter, " leads to another machine"});
        case DriveKind::substituted: return concat({letter, " stands for another path"});
        case DriveKind::other: break;
    }
    return concat({letter, " is no disk of this machine"});
}

bool is_system_folder(const std::wstring& folder) {
    wchar_t path[MAX_PATH];
    for (const auto function : {GetSystemDirectoryW, GetSystemWow64DirectoryW}) {
        const UINT length = function(path, MAX_PATH);
        if (length != 0 && length < MAX_PATH && same_path(folder, path)) return true;
    }
    return false;
}

// "C:\a\b" → "C:\", "C:\a", "C:\a\b".
std::vector<std::wstring> steps_to(const std::wstring& path) {
    std::vector<std::wstring> steps = {path.substr(0, 3)};
    for (std::size_t at = 3; at < path.size();) {
        const std::size_t end = path.find(L'\\', at);
        if (end != at) steps.push_back(path.substr(0, end));
        if (end == std::wstring::npos) break;
        at = end + 1;
    }
    return steps;
}

std::wstring folder_with_root(const std::wstring& path) {
    const std::wstring folder = folder_of(path);
    return folder.size() == 2 ? folder + L'\\' : folder;
}

bool is_missing(DWORD error) { return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND; }

}  // namespace

std::string who_can_replace(const AccessRights& rights, TrustedObject object) {
    if (!rights.known) return "rights that cannot be read";
    // An owner may rewrite the rights.
    if (!is_trusted(rights.owner)) return rights.owner;
    if (rights.everybody) return "the null DACL";
    for (const AccessEntry& entry : rights.entries) {
        if ((entry.flags & INHERIT_ONLY_ACE) != 0 || (entry.rights & replacing_rights(object)) == 0) continue;
        if (denies(entry.type)) continue;
        if (entry.type != ACCESS_ALLOWED_ACE_TYPE)
            return concat({"an access control entry of type ", unsigned{entry.type}});
        if (!is_trusted(entry.account)) return entry.account;
    }
    return {};
}

PathJudgement judge_path(const std::wstring& path, TrustedObject last) {
    PathJudgement judgement;
    const std::wstring whole = normal_path(path);
    judgement.replaceable_by = place_fault(whole);
    judgement.elsewhere = !judgement.replaceable_by.empty();
    if (judgement.elsewhere) return judgement;

    const std::vector<std::wstring> steps = steps_to(whole);
    std::wstring final_path;
    AccessRights above;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::wstring& step = steps[i];
        const std::size_t left = steps.size() - 1 - i;
        system::Handle held;
        PathFacts facts = file_system().look(step, held);
        if (is_missing(facts.error)) {
            const std::string who = i == 0 ? std::string() : who_can_replace(above, TrustedObject::parent);
            if (!who.empty()) judgement.replaceable_by = concat({who, " on ", steps[i - 1]});
            judgement.in_system_folder = left == 0 && is_system_folder(final_path);
            return judgement;
        }
        if (facts.error != ERROR_SUCCESS) {
            judgement.replaceable_by = concat({"an unknown account (", error_name(facts.error), ") on ", step});
            return judgement;
        }
        if (facts.link) {
            judgement.replaceable_by = concat({step, " is a link"});
            judgement.elsewhere = true;
            return judgement;
        }
        // Where the system does not tell it, that no step is a link has to do.
        const std::wstring leads_to = facts.final_path.empty() ? step : facts.final_path;
        if (i == 0 ? !same_path(leads_to, step) : !same_path(folder_with_root(leads_to), final_path)) {
            judgement.replaceable_by = concat({step, " leads to ", leads_to});
            judgement.elsewhere = true;
            return judgement;
        }
        const TrustedObject object = left == 0                                  ? last
                                     : left == 1 && last == TrustedObject::file ? TrustedObject::folder
                                                                                : TrustedObject::ancestor;
        if (const std::string who = who_can_replace(facts.rights, object); !who.empty()) {
            judgement.replaceable_by = concat({who, " on ", step});
            return judgement;
        }
        judgement.held.push_back(std::move(held));
        final_path = leads_to;
        above = std::move(facts.rights);
    }
    judgement.in_system_folder = is_system_folder(folder_of(final_path));
    return judgement;
}

std::string who_can_replace(const std::wstring& path) { return judge_path(path).replaceable_by; }

Outcome make_trusted_folder(const std::wstring& path, const std::string& attempt, std::vector<system::Handle>& held) {
    SecurityAttributes security(folder_rights);
    if (const DWORD error = make_folder(path, security.get())) {
        return system_error(error, "CreateDirectoryW", attempt);
    }
    PathJudgement judgement = judge_path(path, TrustedObject::folder);
    if (judgement.replaceable_by.empty()) {
        held.insert(held.end(), std::make_move_iterator(judgement.held.begin()),
                    std::make_move_iterator(judgement.held.end()));
        return Done{};
    }
    return own_error("ERR_UNTRUSTED_PATH",
                     concat({attempt, ": others than administrators can write there, or have it lead elsewhere: ",
                             judgement.replaceable_by,
                             ". Ordinary users could have made it: look at what it holds, delete or rename it as an "
                             "administrator, and try again."}));
}

}  // namespace lsp::setup
