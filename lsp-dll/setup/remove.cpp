#include "catalog_lock.hpp"
#include "install_steps.hpp"
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

Result<RemoveReport> remove_provider() {
    if (!is_elevated()) {
        return system_error(ERROR_ACCESS_DENIED, "", "Cannot remove the provider: this process is not elevated",
                            "Run it from an elevated prompt.");
    }
    const auto lock = CatalogLock::take();
    if (!lock) return lock.error();
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    const bool in_other = snapshot->other && has_ours(*snapshot->other);
    RemoveReport report;
    if (!has_ours(snapshot->native) && !in_other) return report;
    if (const Outcome checked = check_dependents(*snapshot, "Cannot remove the provider"); !checked) {
        return checked.error();
    }

    report.changed = true;
    Outcome outcome = remove_entries(native_architecture, &report.entries);
    // The 32-bit catalog may have the same ids.
    if (outcome && in_other) outcome = remove_entries(Architecture::ia32);
    if (outcome) outcome = check_gone();
    if (outcome) {
        delete_old_versions();
        return report;
    }
    outcome.error().message += roll_back(*snapshot);
    return outcome.error();
}

}  // namespace lsp::setup
