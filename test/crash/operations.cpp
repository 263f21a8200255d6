#include "operations.hpp"

#include <cstring>
#include <memory>

#include "setup/catalog_changes.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/catalog_tools.hpp"

using namespace lsp::setup;

namespace {

template <typename T>
Outcome outcome_of(const Result<T>& result) {
    if (!result) return result.error();
    return Done{};
}

Outcome nothing() { return Done{}; }

Outcome remove_ours() { return outcome_of(remove_provider()); }

// Ours are passed over then.
Outcome others_first() {
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    std::vector<DWORD> ids;
    for (const CatalogEntry& entry : *catalog) {
        if (!entry.ours) ids.push_back(entry.info.dwCatalogEntryId);
    }
    return outcome_of(order_catalog(native_architecture, ids, true));
}

Outcome done_or(int error, const char* what) {
    if (error == 0) return Done{};
    return system_error(static_cast<std::uint32_t>(error), "", what);
}

constexpr Architecture both_architectures[] = {Architecture::x64, Architecture::ia32};

Outcome back_up_installation(const std::function<Outcome()>& install, std::vector<BackedUpCatalog>& backup) {
    if (Outcome installed = install(); !installed) return installed;
    backup.clear();
    for (const Architecture architecture : both_architectures) {
        const auto catalog = enumerate_catalog(architecture);
        if (!catalog) return catalog.error();
        backup.push_back({architecture, *catalog, std::vector<std::optional<DWORD>>(catalog->size()), {}});
    }
    return Done{};
}

Outcome take_out_every_other_chain() {
    for (const Architecture architecture : both_architectures) {
        const auto catalog = enumerate_catalog(architecture);
        if (!catalog) return catalog.error();
        bool every_other = false;
        for (const CatalogEntry& entry : *catalog) {
            if (!entry.ours || !entry.is_chain()) continue;
            every_other = !every_other;
            if (!every_other) continue;
            const int error = deinstall(architecture, entry.info.ProviderId);
            if (error != 0) return done_or(error, "a chain cannot be taken out");
        }
    }
    return Done{};
}

// As a registry cleaner might.
Outcome lose_raw4() {
    const Bytes whole = save_catalogs();
    TestWinsockSavedHeader header;
    std::memcpy(&header, whole.data(), sizeof(header));
    Bytes rest(sizeof(header));
    DWORD left = header.count64;
    for (DWORD i = 0; i < header.count64 + header.count32; ++i) {
        const auto* const bytes = whole.data() + sizeof(header) + i * sizeof(TestWinsockSavedEntry);
        TestWinsockSavedEntry entry;
        std::memcpy(&entry, bytes, sizeof(entry));
        const WSAPROTOCOL_INFOW& info = entry.info;
        const bool lost = i < header.count64 && info.ProtocolChain.ChainLen == BASE_PROTOCOL &&
                          info.iAddressFamily == AF_INET && info.iSocketType == SOCK_RAW;
        if (lost) --left;
        if (!lost) rest.insert(rest.end(), bytes, bytes + sizeof(entry));
    }
    if (left + 1 != header.count64) return system_error(ERROR_NOT_FOUND, "", "there is no RAW over IPv4");
    header.count64 = left;
    std::memcpy(rest.data(), &header, sizeof(header));
    load_catalogs(rest);
    return Done{};
}

// Ours name the later version's DLLs.
Outcome change_paths(const Paths& paths) {
    for (const Architecture architecture : both_architectures) {
        const auto catalog = enumerate_catalog(architecture);
        if (!catalog) return catalog.error();
        for (const CatalogEntry& entry : *catalog) {
            if (!entry.ours) continue;
            const std::wstring& path = architecture == native_architecture ? paths.newer_dll : paths.newer_dll32;
            const int error = update(architecture, entry.info.ProviderId, path, {entry.info});
            if (error != 0) return done_or(error, "a path cannot be changed");
        }
    }
    return Done{};
}

constexpr GUID other_provider = {0x2f6f5b7a, 0x91c4, 0x4b0e, {0x8d, 0x11, 0x52, 0x60, 0x2c, 0x8e, 0x47, 0x90}};

}  // namespace

Outcome install_other(const Paths& paths) {
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    InstallOptions options;
    options.dll = paths.other_dll;
    options.dll32 = paths.other_dll32;
    options.name = L"another LSP";
    if (const int error = install_with_chains(other_provider, options, XP1_IFS_HANDLES, lower_entries(*catalog))) {
        return system_error(static_cast<std::uint32_t>(error), "WSCInstallProviderAndChains64_32", "another LSP");
    }
    return Done{};
}

std::vector<Operation> operations(const Paths& paths, bool both_can) {
    const auto installer = [](const std::wstring& dll, const std::wstring& dll32) {
        return [dll, dll32]() -> Outcome {
            InstallOptions options;
            options.dll = dll;
            options.dll32 = dll32;
            return outcome_of(install_provider(options));
        };
    };
    const auto native = installer(paths.dll, {});
    const auto newer = installer(paths.newer_dll, {});
    const auto both = installer(paths.dll, paths.dll32);
    const auto newer_both = installer(paths.newer_dll, paths.newer_dll32);
    const auto backup = std::make_shared<std::vector<BackedUpCatalog>>();
    const auto restore = [backup] { return outcome_of(restore_catalogs(*backup, {})); };
    const auto& widest = both_can ? both : native;
    const auto incomplete = [backup, widest]() -> Outcome {
        if (const Outcome outcome = back_up_installation(widest, *backup); !outcome) return outcome;
        return take_out_every_other_chain();
    };
    const auto wrong = [backup, widest, paths]() -> Outcome {
        if (const Outcome outcome = back_up_installation(widest, *backup); !outcome) return outcome;
        return change_paths(paths);
    };
    const auto lost = [backup, widest]() -> Outcome {
        if (const Outcome outcome = back_up_installation(widest, *backup); !outcome) return outcome;
        return lose_raw4();
    };
    // A process of its own has no backup to restore: no writes, and with them no kills of processes.
    std::vector<Operation> all = {
        {"order", both_can, false, true, widest, others_first, widest},
        {"restore of missing chains", both_can, false, false, incomplete, restore, widest},
        {"restore of other paths", both_can, false, false, wrong, restore, widest},
        {"restore of a lost base entry", both_can, false, false, lost, restore, widest, true},
        {"install", false, false, true, nothing, native, native},
        {"install", true, false, true, nothing, both, both},
        {"install over another LSP", false, true, false, nothing, native, native},
        {"install over another LSP", true, true, false, nothing, both, both},
        {"upgrade", false, false, true, native, newer, newer},
        {"upgrade", true, false, true, both, newer_both, newer_both},
        {"extend to the 32-bit catalog", true, false, false, native, both, both},
        {"remove", false, false, true, native, remove_ours, native},
        {"remove", true, false, true, both, remove_ours, both},
        {"remove over another LSP", true, true, false, both, remove_ours, both},
    };
    if (!both_can) std::erase_if(all, [](const Operation& operation) { return operation.both; });
    return all;
}
