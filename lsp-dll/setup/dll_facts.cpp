#include "dll_facts.hpp"

#include <algorithm>
#include <cwchar>
#include <iterator>

#include "../system/text.hpp"
#include "files.hpp"
#include "native_machine.hpp"
#include "pe_image.hpp"
#include "trust.hpp"

namespace lsp::setup {
namespace {

// What the variables are called of which a 32-bit program has its own.
constexpr struct {
    std::wstring_view native, x86;
} folders32[] = {{L"ProgramFiles", L"ProgramFiles(x86)"}, {L"CommonProgramFiles", L"CommonProgramFiles(x86)"}};

std::wstring expanded(const std::wstring& path, Architecture architecture) {
    for (const auto& folder : folders32) {
        const std::size_t length = folder.native.size();
        if (architecture == native_architecture || path.size() < length + 2 || path[0] != L'%' ||
            path[length + 1] != L'%' || _wcsnicmp(path.c_str() + 1, folder.native.data(), length) != 0) {
            continue;
        }
        const std::wstring value = environment_variable(folder.x86.data());
        if (!value.empty()) return expand_environment(value + path.substr(length + 2));
    }
    return expand_environment(path);
}

std::wstring system_folder() {
    wchar_t folder[MAX_PATH];
    const UINT length = GetSystemDirectoryW(folder, MAX_PATH);
    return length == 0 || length >= MAX_PATH ? std::wstring() : std::wstring(folder, length);
}

std::wstring system_folder32(const std::wstring& native) { return folder_of(native) + L"\\SysWOW64"; }

std::wstring search(const std::wstring& name, Architecture architecture) {
    const std::wstring native = system_folder();
    std::wstring folders = architecture == native_architecture ? std::wstring() : system_folder32(native) + L";";
    folders += native + L";" + folder_of(native) + L";" + environment_variable(L"PATH");
    wchar_t found[MAX_PATH];
    const DWORD length = SearchPathW(folders.c_str(), name.c_str(), nullptr, MAX_PATH, found, nullptr);
    return length == 0 || length >= MAX_PATH ? native + L"\\" + name : std::wstring(found, length);
}

// Variables that an account may set for its own programs, or that differ from one account to the next, are none of
// these.
constexpr std::wstring_view machine_variables[] = {
    L"SystemRoot",         L"windir",       L"SystemDrive",        L"ProgramFiles",
    L"ProgramFiles(x86)",  L"ProgramW6432", L"CommonProgramFiles", L"CommonProgramFiles(x86)",
    L"CommonProgramW6432", L"ProgramData",  L"ALLUSERSPROFILE",
};

bool same_name(std::wstring_view a, std::wstring_view b) {
    return a.size() == b.size() && _wcsnicmp(a.data(), b.data(), a.size()) == 0;
}

// Why the path leads to another file in each program, as replaceable_by has it; empty if it does not.
std::string place_by_program(const std::wstring& path, bool in_system_folder) {
    for (std::size_t start = path.find(L'%'); start != std::wstring::npos;) {
        const std::size_t end = path.find(L'%', start + 1);
        if (end == std::wstring::npos) break;
        const std::wstring_view name = std::wstring_view(path).substr(start + 1, end - start - 1);
        const bool known = std::any_of(std::begin(machine_variables), std::end(machine_variables),
                                       [&](std::wstring_view each) { return same_name(each, name); });
        if (!known) return concat({"%", name, "% is not the same in every program"});
        start = path.find(L'%', end + 1);
    }
    if (path.find(L'%') != std::wstring::npos || is_full_path(path) || in_system_folder) return {};
    return "a name without a folder is looked for in each program's own PATH";
}

}  // namespace

std::wstring file_of(const std::wstring& path, Architecture architecture) {
    const std::wstring file = expanded(path, architecture);
    if (file.empty()) return file;
    if (!is_full_path(file)) return search(file, architecture);
    if (architecture == native_architecture) return file;
    const std::wstring folder = system_folder();
    if (folder.empty() || _wcsnicmp(file.c_str(), folder.c_str(), folder.size()) != 0) return file;
    const std::wstring other = system_folder32(folder) + file.substr(folder.size());
    return file_exists(other) ? other : file;
}

DllFacts look_at_dll(const std::wstring& path, Architecture architecture, std::vector<Handle>* held) {
    DllFacts facts;
    facts.path = path;
    const std::wstring file = file_of(path, architecture);
    if (file.empty()) return facts;
    PathJudgement judgement = judge_path(file);
    facts.in_system_folder = judgement.in_system_folder;
    facts.replaceable_by = std::move(judgement.replaceable_by);
    if (facts.replaceable_by.empty()) facts.replaceable_by = place_by_program(path, facts.in_system_folder);
    if (judgement.elsewhere) {
        facts.exists = facts.unreadable = facts.elsewhere = true;
        return facts;
    }
    std::vector<unsigned char> bytes;
    const DWORD error = read_file(file, bytes);
    facts.exists = error != ERROR_FILE_NOT_FOUND && error != ERROR_PATH_NOT_FOUND;
    facts.unreadable = facts.exists && error != ERROR_SUCCESS;
    if (held != nullptr) std::move(judgement.held.begin(), judgement.held.end(), std::back_inserter(*held));
    PeImage image;
    if (error != ERROR_SUCCESS || !parse_pe(bytes, image) || !image.is_dll) return facts;
    facts.machine = image.machine;
    facts.is_provider = image.has_export("WSPStartup");
    facts.policy_grammar = image.policy_grammar;
    return facts;
}

const DllFacts* find_dll(const std::vector<DllFacts>& dlls, const std::wstring& path) {
    const auto dll = std::find_if(dlls.begin(), dlls.end(), [&](const DllFacts& each) { return each.path == path; });
    return dll == dlls.end() ? nullptr : &*dll;
}

void add_dll(const std::wstring& path, Architecture architecture, std::vector<DllFacts>& dlls,
             std::vector<Handle>* held) {
    if (!path.empty() && find_dll(dlls, path) == nullptr) dlls.push_back(look_at_dll(path, architecture, held));
}

void look_at_dlls(const Catalog& catalog, Architecture architecture, std::vector<DllFacts>& dlls,
                  std::vector<Handle>* held) {
    for (const CatalogEntry& entry : catalog) add_dll(entry.path, architecture, dlls, held);
}

bool fits(std::uint16_t machine, Architecture architecture) noexcept {
    // ARM64 Windows has one catalog for all that is 64-bit.
    return architecture == Architecture::x64 ? machine == IMAGE_FILE_MACHINE_AMD64 || machine == machine_arm64
                                             : machine == IMAGE_FILE_MACHINE_I386;
}

std::string load_fault(const DllFacts& dll, Architecture architecture) {
    if (!dll.exists) return "does not exist";
    if (dll.unreadable) return {};
    if (dll.machine == 0 || !dll.is_provider) return "is no provider's DLL";
    return fits(dll.machine, architecture) ? std::string() : "is made for another architecture";
}

}  // namespace lsp::setup
