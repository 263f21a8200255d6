#include <algorithm>

#include "../system/catalog_functions.hpp"
#include "../system/text.hpp"
#include "backup.hpp"
#include "cancel.hpp"
#include "catalog_changes.hpp"
#include "catalog_lock.hpp"
#include "install_steps.hpp"
#include "provider_info.hpp"
#include "restore_dlls.hpp"
#include "restore_namespaces.hpp"
#include "restore_plan.hpp"

namespace lsp::setup {
namespace {

constexpr char reset_remedy[] = "As a last resort: netsh winsock reset, and restart Windows.";

std::size_t count_of(const Catalog& catalog, const GUID& provider) {
    return static_cast<std::size_t>(std::count_if(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
        return same_guid(entry.info.ProviderId, provider);
    }));
}

std::size_t count_of(const std::vector<GUID>& guids, const GUID& guid) {
    return static_cast<std::size_t>(
        std::count_if(guids.begin(), guids.end(), [&](const GUID& each) { return same_guid(each, guid); }));
}

// Where steps are carried out: in Windows' catalogs, or in copies of them for a dry run.
class Catalogs {
  public:
    explicit Catalogs(Snapshot* copies) : copies_(copies) {
        if (copies_ == nullptr) return;
        for (const Catalog* catalog : {&copies_->native, copies_->other ? &*copies_->other : nullptr}) {
            if (catalog == nullptr) continue;
            for (const CatalogEntry& entry : *catalog) next_id_ = std::max(next_id_, entry.info.dwCatalogEntryId + 1);
        }
    }

    Result<Catalog> read(Architecture architecture) const {
        if (copies_ == nullptr) return read_with_paths(architecture);
        return architecture == native_architecture ? copies_->native : *copies_->other;
    }

    // Those of a provider that was made anew are none, as a dry run has to foresee.
    std::optional<DWORD> categories(Architecture architecture, const GUID& provider) const {
        const bool made = std::any_of(made_.begin(), made_.end(), [&](const auto& each) {
            return each.first == architecture && same_guid(each.second, provider);
        });
        return made ? 0 : lsp_categories(architecture, provider);
    }

    bool is_dry_run() const { return copies_ != nullptr; }

    // `keep_native`: the native catalog wants as many entries of this provider.
    Outcome carry_out(Architecture architecture, const RestoreStep& step, bool keep_native) {
        const bool both = step.kind == RestoreStep::Kind::install && architecture != native_architecture;
        if (copies_ != nullptr) {
            Catalog& copy = architecture == native_architecture ? copies_->native : *copies_->other;
            RestoreStep native = step;
            if (both) {
                native.kind = RestoreStep::Kind::remove;
                apply(native, copies_->native, next_id_);
                native.kind = RestoreStep::Kind::install;
                if (keep_native) apply(native, copies_->native, next_id_);
                if (keep_native) made_.emplace_back(native_architecture, step.provider);
            }
            apply(step, copy, next_id_);
            if (step.kind == RestoreStep::Kind::install) made_.emplace_back(architecture, step.provider);
            return Done{};
        }
        const char* function = "WSCInstallProvider";
        int error = 0;
        switch (step.kind) {
            case RestoreStep::Kind::install:
                if (both) return install_in_other(step, keep_native);
                error = install(step.provider, step.path, step.infos);
                break;
            case RestoreStep::Kind::update:
                function = "WSCUpdateProvider";
                error = update(architecture, step.provider, step.path, step.infos);
                break;
            case RestoreStep::Kind::remove:
                function = "WSCDeinstallProvider";
                error = deinstall(architecture, step.provider);
                break;
            case RestoreStep::Kind::order:
                function = "WSCWriteProviderOrder";
                error = write_order(architecture, step.order);
                break;
        }
        if (error == 0) return Done{};
        return step_error(error, function_name(function, architecture), architecture, step);
    }

  private:
    static Error step_error(int error, const std::string& function, Architecture architecture,
                            const RestoreStep& step) {
        const std::string attempt =
            concat({"Cannot restore the ", bits_of(architecture), " catalog (", describe(step), ")"});
        return call_error(error, function, attempt, reset_remedy);
    }

    // The 32-bit catalog is written together with the 64-bit one, where the provider must not be installed then.
    static Outcome install_in_other(const RestoreStep& step, bool keep_native) {
        constexpr Architecture other = Architecture::ia32;
        const auto native = enumerate_catalog();
        if (!native) return native.error();
        if (count_of(*native, step.provider) != 0) {
            if (const int error = deinstall(native_architecture, step.provider)) {
                return step_error(error, "WSCDeinstallProvider", other, step);
            }
        }
        if (const int error = install_in_both(step.provider, step.path, step.infos)) {
            return step_error(error, "WSCInstallProvider64_32", other, step);
        }
        if (keep_native) return Done{};
        if (const int error = deinstall(native_architecture, step.provider)) {
            return step_error(error, "WSCDeinstallProvider", other, step);
        }
        return Done{};
    }

    Snapshot* copies_;
    DWORD next_id_ = 1;
    std::vector<std::pair<Architecture, GUID>> made_;
};

Error not_kept(Architecture architecture, const RestoreStep& step, const Catalog& current) {
    for (const CatalogEntry& entry : current) {
        if (entry.path_error == 0 || !same_guid(entry.info.ProviderId, step.provider)) continue;
        return system_error(entry.path_error, function_name("WSCGetProviderPath", architecture),
                            concat({"Cannot read back the path of entry ", entry.info.dwCatalogEntryId, " \"",
                                    entry.info.szProtocol, "\" of the ", bits_of(architecture), " catalog"}),
                            reset_remedy);
    }
    return own_error("ERR_READBACK_MISMATCH",
                     concat({"Cannot restore the ", bits_of(architecture),
                             " catalog: it does not hold what was written, although the call succeeded (",
                             describe(step), "). ", reset_remedy}));
}

// Step by step, each time from what the catalog says then.
Outcome converge(Catalogs& catalogs, Architecture architecture, const WantedCatalog& wanted,
                 const Catalog& wanted_native, std::vector<std::string>& steps) {
    std::vector<GUID> installed, updated, removed;
    std::vector<DWORD> ordered;
    for (;;) {
        const auto current = catalogs.read(architecture);
        if (!current) return current.error();
        const auto step = next_step(wanted, *current, updated);
        if (!step) return Done{};
        const auto again = [&](std::vector<GUID>& done, std::size_t most = 1) {
            done.push_back(step->provider);
            return count_of(done, step->provider) > most;
        };
        bool repeated = false;
        switch (step->kind) {
            case RestoreStep::Kind::install: repeated = again(installed); break;
            case RestoreStep::Kind::update: repeated = again(updated); break;
            // Of what stands in, also what an earlier restore left when it was killed.
            case RestoreStep::Kind::remove: repeated = again(removed, is_stand_in(step->provider) ? 2 : 1); break;
            case RestoreStep::Kind::order: repeated = step->order == std::exchange(ordered, step->order); break;
        }
        if (repeated) return not_kept(architecture, *step, *current);
        const bool keep_native = count_of(wanted_native, step->provider) == step->infos.size();
        const Outcome outcome = catalogs.carry_out(architecture, *step, keep_native);
        if (outcome) {
            steps.push_back(concat({bits_of(architecture), " catalog: ", describe(*step)}));
        } else if (step->kind != RestoreStep::Kind::update) {
            return outcome;
        }  // what cannot be updated is taken out and installed again
    }
}

void restore_categories(const Catalogs& catalogs, Architecture architecture, const WantedCatalog& wanted,
                        std::vector<std::string>& steps, std::vector<std::string>& notes) {
    std::vector<GUID> done;
    for (const WantedEntry& each : wanted.entries) {
        const GUID& provider = each.entry.info.ProviderId;
        if (!each.categories || contains_guid(done, provider)) continue;
        done.push_back(provider);
        if (catalogs.categories(architecture, provider) == each.categories) continue;
        const std::string what = concat({bits_of(architecture), " catalog: set the categories of \"",
                                         each.entry.info.szProtocol, "\" to ", *each.categories});
        const int error = catalogs.is_dry_run() ? 0 : set_lsp_categories(architecture, provider, *each.categories);
        if (error != 0) {
            notes.push_back(concat({"Cannot ", what, ": ", error_text(static_cast<std::uint32_t>(error)), "."}));
        } else {
            steps.push_back(what);
        }
    }
}

// The 32-bit catalog can only be written together with the 64-bit one. A base provider that the latter has would have
// to be taken out of it, and with it the network of the machine: that is not done.
void leave_out_unreachable(BackedUpCatalog& backup, const Catalog& current, const Catalog& native,
                           std::vector<GUID>& left, std::vector<std::string>& notes) {
    for (const CatalogEntry& entry : backup.entries) {
        const GUID& provider = entry.info.ProviderId;
        if (contains_guid(left, provider) || !has_base(native, provider)) continue;
        if (count_of(current, provider) == count_of(backup.entries, provider)) continue;
        left.push_back(provider);
        notes.push_back(
            concat({"\"", entry.info.szProtocol,
                    "\" cannot be put back into the 32-bit catalog from a 64-bit "
                    "process, because the 64-bit catalog has that base provider. Restore with a 32-bit Node, "
                    "or: netsh winsock reset"}));
    }
    leave_out(backup, left);
}

struct Restoration {
    const std::vector<BackedUpCatalog>& backup;
    const RestoreOptions& options;
    RestoreReport& report;
    // Not of the catalogs as they were before, which are put back whatever they name.
    bool judges_dlls = true;
    // Keeps what was judged as it is until it is registered.
    std::vector<Handle>* held = nullptr;
};

// The 32-bit catalog first: its steps may take entries out of the 64-bit one, which are put back then.
Outcome restore_entries(const Restoration& what, Catalogs& catalogs, const Snapshot& snapshot) {
    std::vector<std::pair<Architecture, WantedCatalog>> plan;
    for (const Architecture architecture : {Architecture::ia32, Architecture::x64}) {
        for (const BackedUpCatalog& each : what.backup) {
            if (each.architecture != architecture) continue;
            const bool native = architecture == native_architecture;
            if (!native && !snapshot.other) {
                what.report.notes.push_back(
                    concat({"The ", bits_of(architecture), " catalog is left alone: this process cannot see it."}));
                continue;
            }
            BackedUpCatalog backup = each;
            const Catalog& current = native ? snapshot.native : *snapshot.other;
            std::vector<GUID> left;
            if (!native) leave_out_unreachable(backup, current, snapshot.native, left, what.report.notes);
            std::vector<GUID> broken;
            if (what.judges_dlls) {
                std::vector<DllFacts> dlls;
                look_at_dlls(backup.entries, architecture, dlls, what.held);
                look_at_dlls(current, architecture, dlls);
                LeftOut unloadable = leave_out_unloadable(backup, current, dlls, what.options.exact);
                left.insert(left.end(), unloadable.providers.begin(), unloadable.providers.end());
                what.report.notes.insert(what.report.notes.end(), unloadable.notes.begin(), unloadable.notes.end());
                broken = std::move(unloadable.broken);
            }
            WantedCatalog wanted = wanted_catalog(backup, current, what.options.exact, broken);
            wanted.kept.insert(wanted.kept.end(), left.begin(), left.end());
            what.report.notes.insert(what.report.notes.end(), wanted.notes.begin(), wanted.notes.end());
            plan.emplace_back(architecture, std::move(wanted));
        }
    }
    // It stays as it is if the backup does not have it, whatever the other one's steps take out of it.
    const bool has_native =
        std::any_of(plan.begin(), plan.end(), [](const auto& each) { return each.first == native_architecture; });
    if (!has_native) {
        plan.emplace_back(native_architecture,
                          wanted_catalog({native_architecture, snapshot.native, {}, {}}, snapshot.native, false));
    }
    Catalog wanted_native;
    for (const auto& [architecture, wanted] : plan) {
        if (architecture != native_architecture) continue;
        for (const WantedEntry& each : wanted.entries) wanted_native.push_back(each.entry);
    }
    for (const auto& [architecture, wanted] : plan) {
        const Outcome outcome = converge(catalogs, architecture, wanted, wanted_native, what.report.steps);
        if (!outcome) return outcome;
    }
    for (const auto& [architecture, wanted] : plan) {
        restore_categories(catalogs, architecture, wanted, what.report.steps, what.report.notes);
    }
    return Done{};
}

// What every program would load, and others could replace, is refused before anything is changed.
Outcome check_everything(const Restoration& what, const Snapshot& snapshot) {
    for (std::size_t i = 0; i < what.backup.size(); ++i) {
        const BackedUpCatalog& backup = what.backup[i];
        const bool native = backup.architecture == native_architecture;
        if (!native && !snapshot.other) continue;  // left alone
        std::vector<DllFacts> dlls, namespace_dlls;
        look_at_dlls(backup.entries, backup.architecture, dlls, what.held);
        std::vector<NamespaceProvider> namespaces;
        if (backup.namespaces) {
            auto now = enumerate_namespaces(backup.architecture);
            if (!now) return now.error();
            namespaces = std::move(*now);
            for (const NamespaceProvider& each : *backup.namespaces)
                add_dll(each.path, backup.architecture, namespace_dlls, what.held);
        }
        const Catalog& current = native ? snapshot.native : *snapshot.other;
        const Outcome checked = check_trust(backup, i, current, namespaces, dlls, namespace_dlls);
        if (!checked) return checked;
    }
    return Done{};
}

Outcome restore_everything(const Restoration& what, const Snapshot& snapshot) {
    Snapshot copy = snapshot;
    Catalogs catalogs(what.options.dry_run ? &copy : nullptr);
    Outcome outcome = restore_entries(what, catalogs, snapshot);
    for (const BackedUpCatalog& each : what.backup) {
        if (!outcome) return outcome;
        if (!each.namespaces || !has_catalog(each.architecture)) continue;
        outcome =
            restore_namespaces(each.architecture, *each.namespaces, what.options, what.report.steps, what.report.notes);
    }
    return outcome;
}

std::vector<BackedUpCatalog> backup_of(const Snapshot& snapshot) {
    std::vector<BackedUpCatalog> backup;
    for (const Architecture architecture : {Architecture::x64, Architecture::ia32}) {
        const bool native = architecture == native_architecture;
        if (!native && !snapshot.other) continue;
        CatalogDump dump{architecture, native ? &snapshot.native : &*snapshot.other};
        complete(dump);
        backup.push_back({architecture, *dump.catalog, std::move(dump.categories), std::move(dump.namespaces)});
    }
    return backup;
}

std::string text_of(const std::vector<BackedUpCatalog>& catalogs) {
    std::vector<CatalogDump> dumps;
    for (const BackedUpCatalog& each : catalogs) {
        dumps.push_back({each.architecture, &each.entries, each.categories, each.namespaces});
    }
    return catalog_json(dumps, SYSTEMTIME{});
}

std::string put_back(const std::vector<BackedUpCatalog>& before, const std::wstring& file) {
    RestoreOptions options;
    options.exact = true;
    RestoreReport report;
    const CancelScope never(nullptr);
    const auto now = take_snapshot();
    // Not only to save work: what cannot be made again would get another place.
    if (now && text_of(backup_of(*now)) == text_of(before)) return " The catalogs are as they were before.";
    const Outcome outcome =
        now ? restore_everything({before, options, report, false, nullptr}, *now) : Outcome(now.error());
    if (outcome) return " The catalogs are as they were before.";
    return concat({" And the catalogs could not be put back as they were: ", outcome.error().message,
                   " A copy of them is in ", file, "."});
}

}  // namespace

Result<RestoreReport> restore_catalogs(const std::vector<BackedUpCatalog>& backup, const RestoreOptions& options) {
    RestoreReport report;
    std::vector<Handle> held;
    const Restoration what{backup, options, report, true, &held};
    if (options.dry_run) {
        const auto snapshot = take_snapshot();
        if (!snapshot) return snapshot.error();
        if (const Outcome checked = check_everything(what, *snapshot); !checked) return checked.error();
        const Outcome outcome = restore_everything(what, *snapshot);
        if (!outcome) return outcome.error();
        report.changed = !report.steps.empty();
        return report;
    }
    if (const Outcome elevated = check_elevated("Cannot restore the catalogs"); !elevated) return elevated.error();
    const auto lock = CatalogLock::take();
    if (!lock) return lock.error();
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    if (const Outcome checked = check_everything(what, *snapshot); !checked) return checked.error();
    const std::vector<BackedUpCatalog> before = backup_of(*snapshot);
    auto file = write_backup(*snapshot);
    if (!file) return file.error();
    report.backup = std::move(*file);

    Outcome outcome = restore_everything(what, *snapshot);
    if (!outcome) {
        outcome.error().message += put_back(before, report.backup);
        return outcome.error();
    }
    report.changed = !report.steps.empty();
    if (!report.changed) {
        DeleteFileW(report.backup.c_str());
        report.backup.clear();
    }
    return report;
}

}  // namespace lsp::setup
