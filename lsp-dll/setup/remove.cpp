#include "backup.hpp"
#include "catalog_lock.hpp"
#include "install_plan.hpp"
#include "old_versions.hpp"

namespace lsp::setup {
namespace {

bool has_ours(const Catalog& catalog) {
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours) return true;
    }
    return false;
}

Outcome check_gone() {
    const auto now = take_snapshot();
    if (!now) return now.error();
    if (!has_ours(now->native) && !(now->other && has_ours(*now->other))) return Done{};
    return own_error("ERR_READBACK_MISMATCH",
                     "Cannot remove the provider: the protocol catalog still holds it, although the calls succeeded.");
}

}  // namespace

Result<Plan> plan_remove() {
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    auto plan = plan_removal(*snapshot, remembered_over());
    if (plan) plan->deleted = plan_clean_up(*plan, *snapshot);
    return plan;
}

Result<RemoveReport> remove_provider() {
    if (const Outcome elevated = check_elevated("Cannot remove the provider"); !elevated) return elevated.error();
    const auto lock = CatalogLock::take();
    if (!lock) return lock.error();
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    const auto plan = plan_removal(*snapshot, remembered_over());
    if (!plan) return plan.error();

    RemoveReport report;
    report.changed = plan->changes();
    for (const CatalogEntry& entry : plan->catalogs.front().removed) {
        report.entries.push_back(entry.info.dwCatalogEntryId);
    }
    if (report.changed) {
        auto backup = write_backup(*snapshot);
        if (!backup) return backup.error();
        report.backup = std::move(*backup);
    }
    Outcome outcome = carry_out(*plan, {});
    if (outcome && report.changed) outcome = check_gone();
    if (outcome) {
        // Last, and if it was killed before: a removal that finds nothing else to do forgets it too.
        if (const Outcome forgotten = remember_over(Over{}); !forgotten) return forgotten.error();
        if (report.changed) delete_old_versions();
        return report;
    }
    outcome.error().message += roll_back(*snapshot, report.backup);
    return outcome.error();
}

}  // namespace lsp::setup
