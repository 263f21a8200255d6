#include "hostile_keys.hpp"

// Below windows.h
#include <winternl.h>

#include <algorithm>

#include "system/policy_store.hpp"

namespace {

using NtCreateKey = NTSTATUS NTAPI(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, ULONG, UNICODE_STRING*, ULONG, ULONG*);

std::wstring random_name(std::mt19937& random) {
    constexpr wchar_t odd[] = {L'\0', L'a', L'A', L'.', L'/', L' ', L'*', 0xD800, 0xDC00, 0x202E, 0xFFFF, 0xE9};
    const std::size_t length = random() % 8 == 0 ? 255 : 1 + random() % 6;
    std::wstring name;
    while (name.size() < length) name += odd[random() % std::size(odd)];
    return name;
}

}  // namespace

HKEY open_store(const std::wstring& subkey) {
    HKEY key = nullptr;
    const std::wstring path = std::wstring(lsp::system::policy_store_key) + (subkey.empty() ? L"" : L"\\" + subkey);
    RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_ALL_ACCESS | KEY_WOW64_64KEY, &key);
    return key;
}

HKEY make_key(HKEY parent, const std::wstring& name) {
    const auto create = reinterpret_cast<NtCreateKey*>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtCreateKey")));
    UNICODE_STRING text;
    text.Buffer = const_cast<wchar_t*>(name.data());
    text.Length = text.MaximumLength = static_cast<USHORT>(name.size() * sizeof(wchar_t));
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof(attributes);
    attributes.RootDirectory = parent;
    attributes.ObjectName = &text;
    attributes.Attributes = OBJ_CASE_INSENSITIVE;
    HANDLE key = nullptr;
    const NTSTATUS status =
        create(&key, KEY_ALL_ACCESS | KEY_WOW64_64KEY, &attributes, 0, nullptr, REG_OPTION_VOLATILE, nullptr);
    return status >= 0 ? static_cast<HKEY>(key) : nullptr;
}

bool make_link(HKEY parent, const std::wstring& name, const std::wstring& target) {
    HKEY key = nullptr;
    if (RegCreateKeyExW(parent, name.c_str(), 0, nullptr, REG_OPTION_VOLATILE | REG_OPTION_CREATE_LINK,
                        KEY_ALL_ACCESS | KEY_CREATE_LINK | KEY_WOW64_64KEY, nullptr, &key, nullptr) != ERROR_SUCCESS) {
        return false;
    }
    const LONG error =
        RegSetValueExW(key, L"SymbolicLinkValue", 0, REG_LINK, reinterpret_cast<const BYTE*>(target.data()),
                       static_cast<DWORD>(target.size() * sizeof(wchar_t)));
    RegCloseKey(key);
    return error == ERROR_SUCCESS;
}

unsigned make_random_tree(HKEY parent, std::mt19937& random, const std::wstring& target, unsigned most_levels) {
    if (most_levels == 0) return 0;
    unsigned levels = 0;
    const unsigned children = random() % 4;
    for (unsigned i = 0; i < children; ++i) {
        const unsigned kind = random() % 6;
        if (kind < 2) {
            const std::wstring name = L"link" + std::to_wstring(i);
            const std::wstring leads_to = kind == 0 ? L"\\Registry\\Machine\\Software\\winsock-lsp-nowhere" : target;
            if (make_link(parent, name, leads_to)) levels = std::max(levels, 1U);
            continue;
        }
        HKEY const key = make_key(parent, random_name(random));
        if (key == nullptr) continue;  // there already
        levels = std::max(levels, 1 + make_random_tree(key, random, target, most_levels - 1));
        RegCloseKey(key);
    }
    return levels;
}
