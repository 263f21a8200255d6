#include "../system/policy_store.hpp"
#include "../system/text.hpp"
#include "backup.hpp"
#include "catalog_lock.hpp"
#include "install_plan.hpp"
#include "old_versions.hpp"
#include "tunnels/policy_store_write.hpp"

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

// Of the administrator's rules, what is neither empty nor a comment.
std::size_t count_rules(const std::vector<std::string>& lines) {
    std::size_t count = 0;
    for (const std::string& line : lines) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin != std::string::npos && line[begin] != '#') ++count;
    }
    return count;
}

Outcome look_at_rules(const RemoveOptions& options, RemoveReport& report) {
    const auto policy = read_policy();
    if (!policy) return policy.error();
    report.rules = count_rules(policy->lines);
    if (!options.purge) return Done{};
    if (!policy->lines.empty()) {
        if (Outcome purged = write_policy({}); !purged) {
            purged.error().message = concat({"The LSP is removed, but not the rules. ", purged.error().message});
            return purged;
        }
    }
    report.purged = true;
    return Done{};
}

}  // namespace

Result<Plan> plan_remove() {
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    auto plan = plan_removal(*snapshot, remembered_over());
    if (plan) plan->deleted = plan_clean_up(*plan, *snapshot);
    return plan;
}

Result<RemoveReport> remove_provider(const RemoveOptions& options) {
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
        if (const Outcome looked = look_at_rules(options, report); !looked) return looked.error();
        return report;
    }
    outcome.error().message += roll_back(*snapshot, report.backup);
    return outcome.error();
}

}  // namespace lsp::setup
