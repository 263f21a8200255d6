#include "over.hpp"

#include <algorithm>

#include "../system/registry.hpp"
#include "../system/text.hpp"
#include "tunnels/policy_store_write.hpp"

namespace lsp::setup {
namespace {

constexpr wchar_t over_value[] = L"Over";
constexpr std::size_t longest_value = 1024;  // bytes
constexpr std::size_t most_ids = 64;

std::optional<DWORD> parse_id(std::wstring_view text) {
    if (text.empty() || text.size() > 10) return std::nullopt;
    std::uint64_t number = 0;
    for (const wchar_t digit : text) {
        if (digit < L'0' || digit > L'9') return std::nullopt;
        number = number * 10 + static_cast<unsigned>(digit - L'0');
    }
    if (number == 0 || number > 0xFFFFFFFF) return std::nullopt;
    return static_cast<DWORD>(number);
}

bool add(Over& over, std::wstring_view item) {
    if (item == L"tcp") return over.tcp = true;
    if (item == L"udp") return over.udp = true;
    if (item == L"raw") return over.raw = true;
    const auto id = parse_id(item);
    if (!id || over.ids.size() == most_ids) return false;
    if (std::find(over.ids.begin(), over.ids.end(), *id) == over.ids.end()) over.ids.push_back(*id);
    return true;
}

Error store_error(LONG error, const char* syscall) {
    return system_error(static_cast<std::uint32_t>(error), syscall,
                        "Cannot remember over which protocols the provider is installed",
                        error == ERROR_ACCESS_DENIED ? "Run it from an elevated prompt." : "");
}

}  // namespace

std::optional<Over> parse_over(std::wstring_view text) {
    if (text == L"all") return Over{};
    Over over{false, false, false, {}};
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t comma = std::min(text.find(L',', start), text.size());
        if (!add(over, text.substr(start, comma - start))) return std::nullopt;
        start = comma + 1;
    }
    return over;
}

std::wstring to_text(const Over& over) {
    if (over == Over{}) return L"all";
    std::wstring text;
    const auto append = [&text](std::wstring_view item) {
        if (!text.empty()) text += L',';
        text += item;
    };
    if (over.tcp) append(L"tcp");
    if (over.udp) append(L"udp");
    if (over.raw) append(L"raw");
    for (const DWORD id : over.ids) append(widen(concat({id})));
    return text;
}

std::optional<Over> remembered_over() {
    RegistryKey store;
    if (store.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_QUERY_VALUE) != ERROR_SUCCESS) return std::nullopt;
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    if (read_value(store.get(), over_value, longest_value, type, bytes) != ERROR_SUCCESS || type != REG_SZ) {
        return std::nullopt;
    }
    const std::wstring text(reinterpret_cast<const wchar_t*>(bytes.data()), bytes.size() / sizeof(wchar_t));
    return parse_over(text.substr(0, text.find(L'\0')));
}

Outcome remember_over(const Over& over) {
    const bool all = over == Over{};
    if (!all) {
        if (const Outcome made = create_policy_store(); !made) return made;
    }
    RegistryKey store;
    LONG error = store.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_SET_VALUE);
    if (error == ERROR_FILE_NOT_FOUND && all) return Done{};
    if (error != ERROR_SUCCESS) return store_error(error, "RegOpenKeyExW");
    if (all) {
        error = RegDeleteValueW(store.get(), over_value);
        return error == ERROR_SUCCESS || error == ERROR_FILE_NOT_FOUND ? Outcome(Done{})
                                                                       : store_error(error, "RegDeleteValueW");
    }
    const std::wstring text = to_text(over);
    error = RegSetValueExW(store.get(), over_value, 0, REG_SZ, reinterpret_cast<const BYTE*>(text.c_str()),
                           static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t)));
    return error == ERROR_SUCCESS ? Outcome(Done{}) : store_error(error, "RegSetValueExW");
}

}  // namespace lsp::setup
