#include "decision_rings.hpp"

#include <windows.h>
#include <winsock2.h>
// Below windows.h
#include <sddl.h>
#include <winternl.h>

#include <cstddef>
#include <cwchar>

#include "own_decision_ring.hpp"
#include "system_function.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

// Of the Windows Driver Kit's wdm.h and ntifs.h.
constexpr ACCESS_MASK directory_query = 1, directory_traverse = 2;
constexpr NTSTATUS no_more_entries = static_cast<NTSTATUS>(0x8000001A);
constexpr std::size_t directory_bytes = 4096;
constexpr unsigned most_names = 65'536;  // of one directory
constexpr unsigned most_rings = 256;
constexpr DWORD longest_descriptor = 1024;  // bytes

struct DirectoryEntry {
    UNICODE_STRING name, type;
};

constinit SystemFunction<NTSTATUS NTAPI(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*)> nt_open_directory{
    SystemLibrary::ntdll, "NtOpenDirectoryObject"};
constinit SystemFunction<NTSTATUS NTAPI(HANDLE, void*, ULONG, BOOLEAN, BOOLEAN, ULONG*, ULONG*)> nt_query_directory{
    SystemLibrary::ntdll, "NtQueryDirectoryObject"};
constinit SystemFunction<NTSTATUS NTAPI(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*)> nt_open_section{SystemLibrary::ntdll,
                                                                                                   "NtOpenSection"};

template <typename Function>
Handle open_named(Function* function, HANDLE parent, const std::wstring& name, ACCESS_MASK access) {
    UNICODE_STRING text;
    text.Buffer = const_cast<wchar_t*>(name.data());
    text.Length = text.MaximumLength = static_cast<USHORT>(name.size() * sizeof(wchar_t));
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof(attributes);
    attributes.RootDirectory = parent;
    attributes.ObjectName = &text;
    HANDLE opened = nullptr;
    if (function == nullptr || function(&opened, access, &attributes) < 0) return Handle();
    return Handle(opened);
}

// The names in a directory of the object manager's, of one type.
std::vector<std::wstring> names_in(HANDLE directory, std::wstring_view type) {
    std::vector<std::wstring> names;
    const auto query = nt_query_directory.get();
    if (query == nullptr) return names;
    ULONG context = 0;
    for (unsigned i = 0; i < most_names; ++i) {
        alignas(DirectoryEntry) unsigned char bytes[directory_bytes];
        ULONG length = 0;
        const NTSTATUS status = query(directory, bytes, sizeof(bytes), TRUE, i == 0, &context, &length);
        if (status < 0 || status == no_more_entries) break;
        const auto& entry = *reinterpret_cast<const DirectoryEntry*>(bytes);
        const std::wstring_view kind(entry.type.Buffer, entry.type.Length / sizeof(wchar_t));
        if (kind == type) names.emplace_back(entry.name.Buffer, entry.name.Length / sizeof(wchar_t));
    }
    return names;
}

bool section_belongs_to(HANDLE section, const std::wstring& sid_text) {
    alignas(std::max_align_t) unsigned char descriptor[longest_descriptor];
    DWORD size = 0;
    PSID owner = nullptr, expected = nullptr;
    BOOL defaulted = FALSE;
    if (!GetKernelObjectSecurity(section, OWNER_SECURITY_INFORMATION, descriptor, sizeof(descriptor), &size) ||
        !GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) || owner == nullptr ||
        !ConvertStringSidToSidW(sid_text.c_str(), &expected)) {
        return false;
    }
    const bool same = EqualSid(owner, expected) != FALSE;
    LocalFree(expected);
    return same;
}

void read_ring(HANDLE directory, const std::wstring& session, const std::wstring& name,
               std::vector<DecisionRing>& rings) {
    const std::wstring sid = name.substr(std::wcslen(decision_ring_prefix));
    const Handle section = open_named(nt_open_section.get(), directory, name, SECTION_MAP_READ | READ_CONTROL);
    if (!section || !section_belongs_to(section.get(), sid)) return;
    // Fails if it is smaller.
    const void* const view = MapViewOfFile(section.get(), FILE_MAP_READ, 0, 0, sizeof(DecisionSection));
    if (view == nullptr) return;
    if (auto read = lsp::read_decisions(view, sizeof(DecisionSection))) {
        rings.push_back({concat({session, "/", sid}), std::move(*read)});
    }
    UnmapViewOfFile(view);
}

void read_session(const std::wstring& session, std::vector<DecisionRing>& rings) {
    const std::wstring path =
        session == L"0" ? std::wstring(L"\\BaseNamedObjects") : L"\\Sessions\\" + session + L"\\BaseNamedObjects";
    const Handle directory = open_named(nt_open_directory.get(), nullptr, path, directory_query | directory_traverse);
    if (!directory) return;
    for (const std::wstring& name : names_in(directory.get(), L"Section")) {
        if (rings.size() >= most_rings) return;
        if (name.compare(0, std::wcslen(decision_ring_prefix), decision_ring_prefix) == 0)
            read_ring(directory.get(), session, name, rings);
    }
}

}  // namespace

std::vector<DecisionRing> read_decision_rings() {
    // So that what a program records that comes and goes between two readings is not lost.
    static const Handle kept = open_own_decision_ring();
    std::vector<DecisionRing> rings;
    DWORD own = 0;
    ProcessIdToSessionId(GetCurrentProcessId(), &own);
    const std::wstring own_session = std::to_wstring(own);
    read_session(own_session, rings);
    if (own_session != L"0") read_session(L"0", rings);
    const Handle sessions = open_named(nt_open_directory.get(), nullptr, L"\\Sessions", directory_query);
    if (!sessions) return rings;
    for (const std::wstring& name : names_in(sessions.get(), L"Directory")) {
        const bool number = !name.empty() && name.find_first_not_of(L"0123456789") == std::wstring::npos;
        if (number && name != own_session && name != L"0") read_session(name, rings);
    }
    return rings;
}

}  // namespace lsp::system
