#include "catalog_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "setup/files.hpp"
#include "system/text.hpp"

using namespace lsp::setup;

CatalogState read_state() {
    auto x64 = enumerate_catalog(Architecture::x64);
    auto ia32 = enumerate_catalog(Architecture::ia32);
    if (!x64 || !ia32) std::abort();
    return {std::move(*x64), std::move(*ia32)};
}

namespace {

std::string hexadecimal(const void* data, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        const unsigned char byte = static_cast<const unsigned char*>(data)[i];
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

std::string canonical_without_ids(const Catalog& catalog) {
    std::map<DWORD, std::string> names;
    for (const CatalogEntry& entry : catalog) {
        names[entry.info.dwCatalogEntryId] = concat({names.size()});
    }
    std::string text;
    for (const CatalogEntry& entry : catalog) {
        std::string chain;
        for (const DWORD id : entry.is_chain() ? chain_ids(entry.info) : std::vector<DWORD>{}) {
            const auto named = names.find(id);
            chain += named == names.end() ? " missing" : " " + named->second;
        }
        WSAPROTOCOL_INFOW info = entry.info;
        info.ProtocolChain = WSAPROTOCOLCHAIN{};
        info.dwCatalogEntryId = 0;
        text += concat({entry.info.szProtocol, " [", chain, "] ", entry.path, " ",
                        hexadecimal(&info, offsetof(WSAPROTOCOL_INFOW, szProtocol)), "\n"});
    }
    return text;
}

std::size_t place_in(const Catalog& catalog, const CatalogEntry& entry) {
    const auto same = std::find_if(catalog.begin(), catalog.end(), [&](const CatalogEntry& each) {
        return each.info.dwCatalogEntryId == entry.info.dwCatalogEntryId;
    });
    return static_cast<std::size_t>(same - catalog.begin());
}

bool is_passed_over(const Catalog& catalog, const CatalogEntry& entry) {
    const auto first = std::find_if(catalog.begin(), catalog.end(), [&](const CatalogEntry& each) {
        return !each.is_layered() && same_protocol(each.info, entry.info);
    });
    return first != catalog.end() && first->info.dwCatalogEntryId != entry.info.dwCatalogEntryId;
}

bool usable(const Catalog& catalog, const WSAPROTOCOL_INFOW& protocol) {
    const Infos infos = infos_of(catalog);
    for (const CatalogEntry& entry : catalog) {
        if (entry.is_layered() || !same_protocol(entry.info, protocol)) continue;
        if (entry.is_base()) return true;
        const std::vector<DWORD> ids = chain_ids(entry.info);
        return std::all_of(ids.begin(), ids.end(), [&](DWORD id) { return find_entry(infos, id) != nullptr; });
    }
    return false;
}

}  // namespace

std::string canonical_without_ids(const CatalogState& state) {
    return "64-bit\n" + canonical_without_ids(state.x64) + "32-bit\n" + canonical_without_ids(state.ia32);
}

std::string lost_protocol(const CatalogState& state, const CatalogState& before) {
    for (const auto& [was, is] : {std::pair{&before.x64, &state.x64}, {&before.ia32, &state.ia32}}) {
        for (const CatalogEntry& entry : *was) {
            if (entry.is_layered() || !usable(*was, entry.info) || usable(*is, entry.info)) continue;
            return concat({"programs have lost the protocol of \"", entry.info.szProtocol, "\""});
        }
    }
    return {};
}

std::string canonical(const Catalog& catalog) {
    // By where it is among ours, the layered one first.
    std::map<DWORD, std::string> names;
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours && entry.is_layered()) names[entry.info.dwCatalogEntryId] = "layered";
    }
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours && entry.is_chain()) names[entry.info.dwCatalogEntryId] = concat({"chain", names.size()});
    }
    std::string text;
    for (const CatalogEntry& entry : catalog) {
        WSAPROTOCOL_INFOW info = entry.info;
        std::string chain;
        for (const DWORD id : chain_ids(info)) {
            const auto named = names.find(id);
            chain += named == names.end() ? concat({" ", id}) : " " + named->second;
        }
        info.ProtocolChain = WSAPROTOCOLCHAIN{};
        if (entry.ours) {
            text += names[info.dwCatalogEntryId];
            info.dwCatalogEntryId = 0;
            info.ProviderId = GUID{};
        } else {
            text += concat({info.dwCatalogEntryId});
        }
        text += concat({" [", chain, "] ", entry.path, " ", info.szProtocol, " "});
        // The name as far as it goes.
        const std::size_t length = std::wcslen(info.szProtocol);
        std::fill(info.szProtocol + length, info.szProtocol + WSAPROTOCOL_LEN + 1, L'\0');
        text += hexadecimal(&info, offsetof(WSAPROTOCOL_INFOW, szProtocol)) + "\n";
    }
    return text;
}

std::string canonical(const CatalogState& state) {
    return "64-bit\n" + canonical(state.x64) + "32-bit\n" + canonical(state.ia32);
}

std::string damage(const Catalog& catalog, const Catalog& bare, const Lenience& lenience) {
    const Infos infos = infos_of(catalog);
    std::vector<const CatalogEntry*> others;
    for (const CatalogEntry& entry : catalog) {
        if (!entry.ours) others.push_back(&entry);
    }
    if (lenience.others_moved) {
        std::sort(others.begin(), others.end(), [&](const CatalogEntry* a, const CatalogEntry* b) {
            return place_in(bare, *a) < place_in(bare, *b);
        });
    }
    if (others.size() != bare.size()) return concat({others.size(), " entries of others instead of ", bare.size()});
    for (std::size_t i = 0; i < bare.size(); ++i) {
        if (std::memcmp(&others[i]->info, &bare[i].info, sizeof(WSAPROTOCOL_INFOW)) != 0 ||
            others[i]->path != bare[i].path) {
            return concat({"entry ", bare[i].info.dwCatalogEntryId, " of others is not what or where it was"});
        }
    }
    for (const CatalogEntry& entry : catalog) {
        if (!entry.ours) continue;
        if (!file_exists(expand_environment(entry.path))) return concat({"no such DLL: ", entry.path});
        for (const DWORD id : chain_ids(entry.info)) {
            if (entry.is_chain() && find_entry(infos, id) == nullptr &&
                !(lenience.gaps_behind && is_passed_over(catalog, entry))) {
                return concat({"\"", entry.info.szProtocol, "\" names entry ", id, ", which does not exist"});
            }
        }
        const auto same_id =
            static_cast<unsigned>(std::count_if(infos.begin(), infos.end(), [&](const WSAPROTOCOL_INFOW& info) {
                return info.dwCatalogEntryId == entry.info.dwCatalogEntryId;
            }));
        if (same_id != 1) return concat({"entry ", entry.info.dwCatalogEntryId, " is there ", same_id, " times"});
    }
    return {};
}

std::string damage(const CatalogState& state, const CatalogState& bare, const Lenience& lenience) {
    const std::string native = damage(state.x64, bare.x64, lenience);
    if (!native.empty()) return "64-bit catalog: " + native;
    const std::string other = damage(state.ia32, bare.ia32, lenience);
    return other.empty() ? other : "32-bit catalog: " + other;
}
