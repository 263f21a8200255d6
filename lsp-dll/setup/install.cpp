#include <cwchar>
#include <iterator>

#include "../system/catalog_functions.hpp"
#include "../system/handle.hpp"
#include "../system/text.hpp"
#include "backup.hpp"
#include "catalog_changes.hpp"
#include "catalog_lock.hpp"
#include "files.hpp"
#include "install_plan.hpp"
#include "load_trial.hpp"
#include "native_machine.hpp"
#include "old_versions.hpp"
#include "pe_image.hpp"
#include "trust.hpp"

namespace lsp::setup {
namespace {

constexpr std::size_t longest_name = 100;

std::string architecture_name(std::uint16_t machine) {
    switch (machine) {
        case IMAGE_FILE_MACHINE_AMD64: return "x64";
        case IMAGE_FILE_MACHINE_I386: return "ia32";
        default: return concat({"machine ", machine});
    }
}

// `source`: what is still to be copied to the path. `held`: gets what keeps the DLL from being replaced.
Outcome check_dll(const std::wstring& path, const std::wstring& source, Architecture architecture,
                  std::vector<Handle>& held) {
    const std::string attempt = concat({"Cannot install ", path});
    const std::wstring file = expand_environment(source.empty() ? path : source);
    if (!is_full_path(file) || path.size() >= MAX_PATH) {
        return system_error(ERROR_INVALID_PARAMETER, "", attempt,
                            "Give the full path of the DLL, of at most 259 characters.");
    }
    std::vector<unsigned char> bytes;
    if (const DWORD error = read_file(file, bytes)) {
        return system_error(error == ERROR_PATH_NOT_FOUND ? ERROR_FILE_NOT_FOUND : error, "CreateFileW", attempt,
                            "Give the full path of the provider's DLL.");
    }
    PeImage image;
    if (!parse_pe(bytes, image) || !image.is_dll) {
        return own_error("ERR_NOT_A_PROVIDER", concat({attempt, ": it is not a DLL. Give the DLL of winsock-lsp."}));
    }
    const std::uint16_t wanted = architecture == Architecture::x64 ? IMAGE_FILE_MACHINE_AMD64 : IMAGE_FILE_MACHINE_I386;
    if (image.machine != wanted) {
        return own_error(
            "ERR_WRONG_ARCHITECTURE",
            concat({attempt, ": it is made for ", architecture_name(image.machine), ", but this catalog needs ",
                    architecture_name(wanted), ". Give the DLL that was built for that."}));
    }
    if (!image.has_export("WSPStartup")) {
        return own_error("ERR_NOT_A_PROVIDER",
                         concat({attempt, ": it does not export WSPStartup. Give the DLL of winsock-lsp."}));
    }
    if (!image.has_export("GetLspGuid")) {
        return own_error("ERR_NO_LSP_GUID",
                         concat({attempt,
                                 ": it is a provider, but does not export GetLspGuid, which names the layered provider "
                                 "that it is. Give the DLL of winsock-lsp; another LSP has an installer of its own."}));
    }
    // What is copied is judged where it is copied (check_sources), and where it is copied to.
    if (!source.empty()) return Done{};
    PathJudgement judgement = judge_path(file);
    if (!judgement.replaceable_by.empty()) {
        return own_error(
            "ERR_UNTRUSTED_PATH",
            concat({attempt, ": every process would load it, and others than administrators can replace it (",
                    judgement.replaceable_by, "). Install a copy under Program Files."}));
    }
    held.insert(held.end(), std::make_move_iterator(judgement.held.begin()),
                std::make_move_iterator(judgement.held.end()));
    return Done{};
}

Outcome check_options(const InstallOptions& options, const SourceDlls& sources, std::vector<Handle>& held) {
    if (const Outcome checked = check_machine(native_machine()); !checked) return checked;
    if (options.name.size() > longest_name || options.name.find(L'\0') != std::wstring::npos) {
        return system_error(ERROR_INVALID_PARAMETER, "", "Cannot install the provider under that name",
                            concat({"Give a name of at most ", longest_name, " characters."}));
    }
    Outcome outcome = check_dll(options.dll, sources.dll, native_architecture, held);
    if (!outcome || options.dll32.empty()) return outcome;
    if (!has_catalog(Architecture::ia32) || native_architecture == Architecture::ia32 || !has_install_with_chains()) {
        return system_error(ERROR_NOT_SUPPORTED, "WSCInstallProviderAndChains64_32",
                            concat({"Cannot install ", options.dll32, " into the 32-bit catalog"}),
                            "That needs a 64-bit process on 64-bit Windows Vista or later.");
    }
    return check_dll(options.dll32, sources.dll32, Architecture::ia32, held);
}

// 0 if it has none, or cannot be read.
std::uint64_t version_of(const std::wstring& file) {
    std::vector<unsigned char> bytes;
    PeImage image;
    return read_file(expand_environment(file), bytes) == ERROR_SUCCESS && parse_pe(bytes, image) ? image.version : 0;
}

// Each of the DLLs against what is registered.
Outcome check_versions(const std::vector<std::wstring>& dlls, const Catalog& catalog) {
    std::uint64_t registered = 0;
    std::wstring path;
    for (const CatalogEntry& entry : catalog) {
        if (!is_our_layered(entry.info)) continue;
        path = entry.path;
        registered = version_of(path);
    }
    for (const std::wstring& dll : dlls) {
        const std::uint64_t version = dll.empty() || registered == 0 ? 0 : version_of(dll);
        if (version == 0 || version >= registered) continue;
        return own_error("ERR_DOWNGRADE",
                         concat({"Cannot install ", dll, ": it is version ", version_text(version), ", and ", path,
                                 ", which is registered, is version ", version_text(registered),
                                 ". Nothing was changed. If the older one is meant, because the newer one has a fault, "
                                 "add --downgrade: rules that it does not know are not in force with it."}));
    }
    return Done{};
}

// The DLLs that are not registered yet, each once in a process of its own.
Outcome try_dlls(const Plan& plan, const InstallOptions& options) {
    for (const CatalogPlan& catalog : plan.catalogs) {
        if (catalog.added.empty()) continue;
        const bool native = catalog.architecture == native_architecture;
        const Outcome tried = trial()(native ? options.dll : options.dll32, catalog.architecture);
        if (!tried) return tried;
    }
    return Done{};
}

Outcome check_still_there(const InstallOptions& options) {
    for (const std::wstring& dll : {options.dll, options.dll32}) {
        if (dll.empty() || file_exists(expand_environment(dll))) continue;
        return system_error(ERROR_FILE_NOT_FOUND, "GetFileAttributesW", concat({"Cannot install ", dll}),
                            "Another process has deleted it meanwhile. Try again.");
    }
    return Done{};
}

std::vector<DWORD> our_ids(const Catalog& catalog) {
    std::vector<DWORD> ids;
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours) ids.push_back(entry.info.dwCatalogEntryId);
    }
    return ids;
}

Outcome replace_entries(const Plan& plan, const InstallOptions& options, std::vector<DWORD>& ids) {
    Outcome outcome = carry_out(plan, options);
    if (outcome) outcome = check_entries(plan, options);
    if (!outcome) return outcome;
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    ids = our_ids(*catalog);
    return outcome;
}

Outcome change_catalog(const Snapshot& snapshot, const Plan& plan, const InstallOptions& options,
                       InstallReport& report) {
    auto backup = write_backup(snapshot);
    if (!backup) return backup.error();
    report.backup = std::move(*backup);
    Outcome outcome = replace_entries(plan, options, report.entries);
    if (!outcome) outcome.error().message += roll_back(snapshot, report.backup);
    return outcome;
}

// The choice is written before the catalog, so that an installation that is killed in between is completed as it was
// meant.
Outcome change(const Snapshot& snapshot, const Plan& plan, const std::optional<Over>& remembered,
               const InstallOptions& options, InstallReport& report) {
    if (plan.over_changes) {
        if (const Outcome outcome = remember_over(plan.over); !outcome) return outcome;
    }
    if (!plan.changes()) return Done{};
    Outcome outcome = change_catalog(snapshot, plan, options, report);
    if (!outcome && plan.over_changes) {
        if (const Outcome restored = remember_over(remembered.value_or(Over{})); !restored) {
            outcome.error().message += concat({" ", restored.error().message});
        }
    }
    return outcome;
}

}  // namespace

Result<bool> is_installed() {
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    if (!installation_fault(*catalog, {}, remembered_over().value_or(Over{})).empty()) return false;
    for (const CatalogEntry& entry : *catalog) {
        if (entry.ours && !file_exists(expand_environment(entry.path))) return false;
    }
    return true;
}

Outcome check_sources(const std::vector<std::wstring>& dlls, SourceTrust trust, bool downgrade) {
    for (const std::wstring& dll : dlls) {
        std::vector<Handle> held;
        if (trust == SourceTrust::given || is_below_staging_root(dll)) continue;
        if (const Outcome checked = check_source(dll, held); !checked) return checked;
    }
    if (downgrade) return Done{};
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    return check_versions(dlls, *catalog);
}

Result<Plan> plan_install(const InstallOptions& options, const SourceDlls& sources) {
    std::vector<Handle> held;
    if (const Outcome checked = check_options(options, sources, held); !checked) return checked.error();
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    if (!options.downgrade) {
        const std::wstring& dll = sources.dll.empty() ? options.dll : sources.dll;
        const std::wstring& dll32 = sources.dll32.empty() ? options.dll32 : sources.dll32;
        if (const Outcome checked = check_versions({dll, dll32}, snapshot->native); !checked) return checked.error();
    }
    auto plan = plan_installation(*snapshot, options, remembered_over());
    if (plan) plan->deleted = plan_clean_up(*plan, *snapshot);
    return plan;
}

Result<InstallReport> install_provider(const InstallOptions& options) {
    if (const Outcome elevated = check_elevated("Cannot install the provider"); !elevated) return elevated.error();
    // What was judged stays what it is until it is registered.
    std::vector<Handle> held;
    if (const Outcome checked = check_options(options, {}, held); !checked) return checked.error();
    const auto lock = CatalogLock::take();
    if (!lock) return lock.error();
    // Whoever had the lock may have deleted what was not registered yet (delete_old_versions).
    if (const Outcome checked = check_still_there(options); !checked) return checked.error();
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    if (!options.downgrade) {
        const Outcome checked = check_versions({options.dll, options.dll32}, snapshot->native);
        if (!checked) return checked.error();
    }

    const auto remembered = remembered_over();
    InstallOptions named = options;
    named.name = name_for(options, *snapshot);
    const auto plan = plan_installation(*snapshot, named, remembered);
    if (!plan) return plan.error();
    if (const Outcome tried = try_dlls(*plan, options); !tried) return tried.error();

    InstallReport report;
    report.changed = plan->changes();
    report.path = options.dll;
    report.entries = our_ids(snapshot->native);
    if (const Outcome changed = change(*snapshot, *plan, remembered, named, report); !changed) {
        return changed.error();
    }
    if (report.changed) delete_old_versions();
    return report;
}

}  // namespace lsp::setup
