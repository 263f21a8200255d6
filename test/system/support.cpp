#include "support.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "setup/files.hpp"
#include "system/policy_store.hpp"

using namespace lsp::setup;
using namespace lsp::system;

std::wstring own_path() {
    wchar_t path[MAX_PATH];
    return std::wstring(path, GetModuleFileNameW(nullptr, path, MAX_PATH));
}

std::wstring own_folder() { return folder_of(own_path()); }

std::wstring fake_provider_path() { return own_folder() + L"\\fake_provider.dll"; }

std::wstring temporary_folder() {
    wchar_t path[MAX_PATH];
    const std::wstring folder = std::wstring(path, GetTempPathW(MAX_PATH, path)) + L"winsock-lsp-system-tests";
    make_folder(folder, nullptr);
    return folder;
}

std::wstring write_temporary(const std::wstring& name, const std::vector<unsigned char>& bytes) {
    const std::wstring path = temporary_folder() + L"\\" + name;
    DeleteFileW(path.c_str());
    write_new_file(path, bytes.data(), bytes.size());
    return path;
}

std::vector<unsigned char> bytes_of(const std::wstring& path) {
    std::vector<unsigned char> bytes;
    read_file(path, bytes);
    return bytes;
}

std::vector<unsigned char> provider_for_machine(unsigned short machine) {
    std::vector<unsigned char> bytes = bytes_of(fake_provider_path());
    IMAGE_DOS_HEADER dos;
    std::memcpy(&dos, bytes.data(), sizeof(dos));
    std::memcpy(bytes.data() + dos.e_lfanew + 4, &machine, sizeof(machine));
    return bytes;
}

namespace {
std::vector<unsigned char>::iterator find_in(std::vector<unsigned char>& bytes, std::string_view text) {
    const auto found = std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
    if (found == bytes.end()) throw std::logic_error("fake_provider.dll lacks what is to be changed");
    return found;
}
}  // namespace

std::vector<unsigned char> provider_of_grammar(std::vector<unsigned char> provider, std::uint32_t grammar) {
    std::memcpy(&*(find_in(provider, "its grammar") - sizeof(grammar)), &grammar, sizeof(grammar));
    return provider;
}

std::vector<unsigned char> provider_without_grammar(std::vector<unsigned char> provider) {
    *find_in(provider, "winsock_lsp_policy_grammar") = 'W';
    return provider;
}

lsp::Tunnel sample_tunnel(const std::string& name) {
    lsp::Tunnel tunnel;
    tunnel.name = name;
    tunnel.interface_index = 7;
    tunnel.address4 = {lsp::IpAddress::v4(10, 8, 0, 2), 24};
    tunnel.source4 = lsp::IpAddress::v4(192, 0, 2, 1);
    return tunnel;
}

void write_raw(const std::wstring& subkey, const wchar_t* name, DWORD type, const void* bytes, std::size_t size) {
    std::wstring path = policy_store_key;
    if (!subkey.empty()) path += L"\\" + subkey;
    HKEY key = nullptr;
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, nullptr, 0, KEY_ALL_ACCESS | KEY_WOW64_64KEY, nullptr,
                        &key, nullptr) != ERROR_SUCCESS) {
        return;
    }
    if (name != nullptr) RegSetValueExW(key, name, 0, type, static_cast<const BYTE*>(bytes), static_cast<DWORD>(size));
    RegCloseKey(key);
}
