#include <algorithm>

#include "../system/catalog_functions.hpp"
#include "../system/text.hpp"
#include "backup.hpp"
#include "cancel.hpp"
#include "catalog_changes.hpp"
#include "catalog_lock.hpp"
#include "catalog_tools.hpp"
#include "install_steps.hpp"
#include "order_plan.hpp"

namespace lsp::setup {
namespace {

constexpr char order_attempt[] = "Cannot change the order of the protocol catalog";

std::string numbers(const std::vector<DWORD>& ids) {
    std::string text;
    for (const DWORD id : ids) text += concat({text.empty() ? "" : ", ", id});
    return text;
}

// Writes the order and reads it back.
Outcome set_order(Architecture architecture, const std::vector<DWORD>& order) {
    if (const int error = write_order(architecture, order)) {
        return wsc_error(error, "WSCWriteProviderOrder", architecture, order_attempt);
    }
    const auto now = enumerate_catalog(architecture);
    if (!now) return now.error();
    if (order_of(*now) == order) return Done{};
    return own_error(
        "ERR_READBACK_MISMATCH",
        concat({order_attempt, ": the call succeeded, but the catalog has the order ", numbers(order_of(*now)), "."}));
}

}  // namespace

Result<std::vector<DWORD>> plan_order(const std::vector<DWORD>& current, const std::vector<DWORD>& ids, bool first) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto end = ids.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::find(current.begin(), current.end(), ids[i]) == current.end()) {
            return own_error("ERR_UNKNOWN_ENTRY",
                             concat({order_attempt, ": it has no entry ", ids[i], ". It has ", numbers(current), "."}));
        }
        if (std::find(ids.begin(), end, ids[i]) != end) {
            return own_error("ERR_UNKNOWN_ENTRY",
                             concat({order_attempt, ": entry ", ids[i], " is named twice. Name each once."}));
        }
    }
    std::vector<DWORD> order;
    auto next = ids.begin();
    if (first) order = ids;
    for (const DWORD id : current) {
        const bool named = std::find(ids.begin(), ids.end(), id) != ids.end();
        if (!named) order.push_back(id);
        if (named && !first) order.push_back(*next++);
    }
    return order;
}

Result<OrderReport> order_catalog(Architecture architecture, const std::vector<DWORD>& ids, bool first) {
    if (const Outcome elevated = check_elevated(order_attempt); !elevated) return elevated.error();
    const auto lock = CatalogLock::take();
    if (!lock) return lock.error();
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    if (architecture != native_architecture && !snapshot->other) {
        return system_error(ERROR_NOT_SUPPORTED, function_name("WSCWriteProviderOrder", architecture), order_attempt,
                            "This process cannot see that catalog: ask from a 64-bit one.");
    }
    OrderReport report;
    report.before = order_of(architecture == native_architecture ? snapshot->native : *snapshot->other);
    auto order = plan_order(report.before, ids, first);
    if (!order) return order.error();
    report.after = std::move(*order);
    report.changed = report.after != report.before;
    if (!report.changed) return report;

    auto backup = write_backup(*snapshot);
    if (!backup) return backup.error();
    report.backup = std::move(*backup);
    Outcome outcome = set_order(architecture, report.after);
    if (outcome) return report;
    const CancelScope never(nullptr);
    const auto now = enumerate_catalog(architecture);
    const bool back = now && (order_of(*now) == report.before || set_order(architecture, report.before));
    outcome.error().message +=
        back ? std::string(" The catalog is as it was before.")
             : concat({" And the order could not be put back. A copy of the catalog is in ", report.backup, "."});
    return outcome.error();
}

}  // namespace lsp::setup
