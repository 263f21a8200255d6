#include "blocks.hpp"

#include <windows.h>
#include <winsock2.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <cwchar>
#include <utility>

#include "../system/environment.hpp"
#include "../system/registry.hpp"
#include "../system/text.hpp"
#include "files.hpp"
#include "registry_text.hpp"

namespace lsp::setup {
namespace {

using namespace system;

constexpr std::size_t longest_fact = 64 * 1024;  // bytes of a registry value
constexpr DWORD most_programs = 2048;
constexpr wchar_t image_options_key[] =
    L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options";
constexpr wchar_t kernel_key[] = L"SYSTEM\\CurrentControlSet\\Control\\Session Manager\\kernel";
constexpr wchar_t application_categories_key[] =
    L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\AppId_Catalog";
constexpr wchar_t code_integrity_key[] = L"SYSTEM\\CurrentControlSet\\Control\\CI\\Policy";
constexpr wchar_t dll_rules_key[] = L"SOFTWARE\\Policies\\Microsoft\\Windows\\SrpV2\\Dll";

// PROCESS_CREATION_MITIGATION_POLICY_…: two bits each. 1: always on; of the second also 3: the Store's are allowed too.
constexpr unsigned extension_point_disable_bit = 32;
constexpr unsigned block_non_microsoft_bit = 44;

// A number, whether REG_DWORD, REG_QWORD or REG_BINARY (MitigationOptions is any of them); 0 if it is not there.
std::uint64_t number_value(HKEY parent, const wchar_t* key_name, const wchar_t* name) {
    RegistryKey key;
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    std::uint64_t number = 0;
    if (key.open(parent, key_name, KEY_QUERY_VALUE) != ERROR_SUCCESS ||
        read_value(key.get(), name, longest_fact, type, bytes) != ERROR_SUCCESS || type == REG_SZ || bytes.empty()) {
        return 0;
    }
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof(number)));
    return number;
}

unsigned policy_at(std::uint64_t options, unsigned bit) { return static_cast<unsigned>(options >> bit & 3); }

template <typename Look>
void for_each_subkey(const wchar_t* path, Look look) {
    RegistryKey key;
    if (key.open(HKEY_LOCAL_MACHINE, path, KEY_ENUMERATE_SUB_KEYS) != ERROR_SUCCESS) return;
    std::wstring name;
    for (DWORD i = 0; i < most_programs && subkey_name(key.get(), i, name) == ERROR_SUCCESS; ++i) look(key.get(), name);
}

std::vector<std::wstring> categorised_programs() {
    std::vector<std::wstring> programs;
    for_each_subkey(application_categories_key, [&](HKEY parent, const std::wstring& name) {
        std::wstring program = expand_environment(text_value(parent, name.c_str(), L"AppFullPath"));
        if (!program.empty()) programs.push_back(std::move(program));
    });
    return programs;
}

std::uint64_t mitigation_options(const std::wstring& program) {
    RegistryKey options;
    if (options.open(HKEY_LOCAL_MACHINE, image_options_key, KEY_ENUMERATE_SUB_KEYS) != ERROR_SUCCESS) return 0;
    return number_value(options.get(), program.c_str(), L"MitigationOptions");
}

bool is_same(const std::wstring& a, const std::wstring& b) { return _wcsicmp(a.c_str(), b.c_str()) == 0; }

// Where Windows puts packaged apps: those of the Store, and its own.
bool is_packaged(const std::wstring& image) {
    std::wstring lower = image;
    std::transform(lower.begin(), lower.end(), lower.begin(), towlower);
    return lower.find(L"\\windowsapps\\") != std::wstring::npos || lower.find(L"\\systemapps\\") != std::wstring::npos;
}

}  // namespace

BlockFacts block_facts() {
    BlockFacts facts;
    facts.extension_points_disabled =
        policy_at(number_value(HKEY_LOCAL_MACHINE, kernel_key, L"MitigationOptions"), extension_point_disable_bit) == 1;
    for_each_subkey(image_options_key, [&](HKEY parent, const std::wstring& program) {
        const std::uint64_t options = number_value(parent, program.c_str(), L"MitigationOptions");
        if (policy_at(options, extension_point_disable_bit) == 1) facts.without_extension_points.push_back(program);
        if ((policy_at(options, block_non_microsoft_bit) & 1) != 0) facts.microsoft_only.push_back(program);
    });
    const std::wstring windows = environment_variable(L"SystemRoot") + L"\\";
    for (std::wstring& program : categorised_programs()) {
        // Windows' own services are there as it comes.
        if (_wcsnicmp(program.c_str(), windows.c_str(), windows.size()) != 0)
            facts.categorised.push_back(std::move(program));
    }
    facts.smart_app_control =
        number_value(HKEY_LOCAL_MACHINE, code_integrity_key, L"VerifiedAndReputablePolicyState") == 1;
    facts.dll_rules = number_value(HKEY_LOCAL_MACHINE, dll_rules_key, L"EnforcementMode") == 1;
    return facts;
}

Block block_of(std::string_view image) {
    const std::wstring path = widen(image);
    const std::wstring program = path.substr(path.find_last_of(L"\\/") + 1);
    if (program.empty()) return Block::none;
    const std::uint64_t options = mitigation_options(program);
    // What is set for the program comes before what is set for all.
    unsigned extension_points = policy_at(options, extension_point_disable_bit);
    if (extension_points == 0) {
        extension_points =
            policy_at(number_value(HKEY_LOCAL_MACHINE, kernel_key, L"MitigationOptions"), extension_point_disable_bit);
    }
    if (extension_points == 1) return Block::extension_points;
    if ((policy_at(options, block_non_microsoft_bit) & 1) != 0) return Block::microsoft_only;
    for (const std::wstring& categorised : categorised_programs()) {
        if (is_same(categorised, path)) return Block::category;
    }
    return is_packaged(path) ? Block::packaged : Block::none;
}

const char* to_string(Block block) noexcept {
    switch (block) {
        case Block::none: return "none";
        case Block::extension_points: return "extension_points";
        case Block::microsoft_only: return "microsoft_only";
        case Block::category: return "category";
        case Block::packaged: return "packaged";
    }
    return "unknown";
}

}  // namespace lsp::setup
