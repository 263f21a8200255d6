#include "registry_text.hpp"

#include <cstring>
#include <vector>

#include "../system/registry.hpp"

namespace lsp::setup {

using namespace lsp::system;

namespace {

constexpr std::size_t longest_registry_text = 64 * 1024;  // bytes of a registry value

}  // namespace

std::wstring text_value(HKEY parent, const wchar_t* key_name, const wchar_t* name) {
    RegistryKey key;
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    if (key.open(parent, key_name, KEY_QUERY_VALUE) != ERROR_SUCCESS ||
        read_value(key.get(), name, longest_registry_text, type, bytes) != ERROR_SUCCESS ||
        (type != REG_SZ && type != REG_EXPAND_SZ)) {
        return {};
    }
    std::wstring text(bytes.size() / sizeof(wchar_t), L'\0');
    if (!text.empty()) std::memcpy(text.data(), bytes.data(), text.size() * sizeof(wchar_t));
    return text.substr(0, text.find(L'\0'));
}

}  // namespace lsp::setup
