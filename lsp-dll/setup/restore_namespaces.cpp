#include "restore_namespaces.hpp"

#include <sporder.h>

#include <algorithm>
#include <cwchar>

#include "../system/catalog_functions.hpp"
#include "../system/guid.hpp"
#include "../system/text.hpp"
#include "cancel.hpp"

namespace lsp::setup {
namespace {

using Namespaces = std::vector<NamespaceProvider>;
using InstallNamespace = INT WSPAPI(LPWSTR, LPWSTR, DWORD, DWORD, LPGUID);
using UninstallNamespace = INT WSPAPI(LPGUID);
using EnableNamespace = INT WSPAPI(LPGUID, WINBOOL);
using WriteNamespaceOrder = int WSPAPI(LPGUID, DWORD);

// They exist in a 64-bit ws2_32 only.
constinit SystemFunction<InstallNamespace> install_namespace32{SystemLibrary::ws2_32, "WSCInstallNameSpace32"};
constinit SystemFunction<UninstallNamespace> uninstall_namespace32{SystemLibrary::ws2_32, "WSCUnInstallNameSpace32"};
constinit SystemFunction<EnableNamespace> enable_namespace32{SystemLibrary::ws2_32, "WSCEnableNSProvider32"};
constinit SystemFunction<WriteNamespaceOrder> write_namespace_order32{SystemLibrary::ws2_32,
                                                                      "WSCWriteNameSpaceOrder32"};

const NamespaceProvider* find_namespace(const Namespaces& list, const GUID& id) {
    for (const NamespaceProvider& provider : list) {
        if (InlineIsEqualGUID(provider.id, id)) return &provider;
    }
    return nullptr;
}

// Paths, and identifiers, which hold one.
bool same_text(const std::wstring& a, const std::wstring& b) { return _wcsicmp(a.c_str(), b.c_str()) == 0; }

// By the registered form, where both tell it: the name is in the language of Windows.
bool same_identifier(const NamespaceProvider& a, const NamespaceProvider& b) {
    return a.identifier.empty() || b.identifier.empty() ? a.name == b.name : same_text(a.identifier, b.identifier);
}

bool same_provider(const NamespaceProvider& a, const NamespaceProvider& b) {
    return same_text(a.path, b.path) && a.name_space == b.name_space && a.version == b.version && same_identifier(a, b);
}

Namespaces wanted_namespaces(const Namespaces& wanted, const Namespaces& current, bool exact) {
    Namespaces list;
    for (const NamespaceProvider& provider : wanted) {
        // What cannot be installed, for want of its path, cannot be wanted either.
        if (!provider.path.empty() || find_namespace(current, provider.id) != nullptr) list.push_back(provider);
    }
    for (const NamespaceProvider& provider : current) {
        if (!exact && find_namespace(wanted, provider.id) == nullptr) list.push_back(provider);
    }
    return list;
}

std::string label(const NamespaceProvider& provider) {
    return concat({"the namespace provider \"", provider.name.empty() ? provider.identifier : provider.name, "\""});
}

class NamespaceChanges {
  public:
    NamespaceChanges(Architecture architecture, bool dry_run, std::vector<std::string>& steps)
        : architecture_(architecture), dry_run_(dry_run), steps_(steps) {}

    Outcome install(NamespaceProvider provider) {
        std::wstring& identifier = provider.identifier.empty() ? provider.name : provider.identifier;
        return carry_out(concat({"install ", label(provider), " (", provider.path, ")"}), "WSCInstallNameSpace", [&] {
            const auto function = function_for(architecture_, &WSCInstallNameSpace, install_namespace32);
            if (function == nullptr) return static_cast<int>(ERROR_NOT_SUPPORTED);
            return error_of(
                function(identifier.data(), provider.path.data(), provider.name_space, provider.version, &provider.id));
        });
    }
    Outcome uninstall(NamespaceProvider provider) {
        return carry_out(concat({"take out ", label(provider)}), "WSCUnInstallNameSpace", [&] {
            const auto function = function_for(architecture_, &WSCUnInstallNameSpace, uninstall_namespace32);
            if (function == nullptr) return static_cast<int>(ERROR_NOT_SUPPORTED);
            return error_of(function(&provider.id));
        });
    }
    Outcome enable(NamespaceProvider provider, bool active) {
        return carry_out(concat({active ? "enable " : "disable ", label(provider)}), "WSCEnableNSProvider", [&] {
            const auto function = function_for(architecture_, &WSCEnableNSProvider, enable_namespace32);
            if (function == nullptr) return static_cast<int>(ERROR_NOT_SUPPORTED);
            return error_of(function(&provider.id, active ? TRUE : FALSE));
        });
    }
    Outcome order(std::vector<GUID> ids) {
        return carry_out("put the namespace providers into their order", "WSCWriteNameSpaceOrder", [&] {
            const auto function = function_for(architecture_, &WSCWriteNameSpaceOrder, write_namespace_order32);
            if (function == nullptr) return static_cast<int>(ERROR_NOT_SUPPORTED);
            // Its result is the error itself.
            return function(ids.data(), static_cast<DWORD>(ids.size()));
        });
    }

  private:
    static int error_of(int result) { return result == 0 ? 0 : failure(WSAGetLastError()); }

    template <typename Call>
    Outcome carry_out(const std::string& what, const char* native_name, Call call) {
        const std::string step = concat({bits_of(architecture_), " catalog: ", what});
        const std::string attempt = concat({"Cannot restore the namespace catalog (", step, ")"});
        if (!dry_run_ && is_cancelled()) return cancelled(attempt);
        if (const int error = dry_run_ ? 0 : call()) {
            return system_error(static_cast<std::uint32_t>(error), function_name(native_name, architecture_), attempt);
        }
        steps_.push_back(step);
        return Done{};
    }

    Architecture architecture_;
    bool dry_run_;
    std::vector<std::string>& steps_;
};

std::vector<GUID> ids_of(const Namespaces& list) {
    std::vector<GUID> ids;
    for (const NamespaceProvider& provider : list) ids.push_back(provider.id);
    return ids;
}

bool same_ids(const std::vector<GUID>& a, const std::vector<GUID>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const GUID& x, const GUID& y) { return InlineIsEqualGUID(x, y) != 0; });
}

// What each change makes of the list is followed in `now`, so that a dry run tells the same steps. One that differs is
// out for the moment between its two calls only, and those for DNS come last, when all else has gone well.
Outcome change_namespaces(NamespaceChanges& changes, const Namespaces& target, Namespaces now) {
    Outcome outcome = Done{};
    const auto take_out = [&](const NamespaceProvider& provider) {
        outcome = changes.uninstall(provider);
        std::erase_if(now,
                      [id = provider.id](const NamespaceProvider& each) { return InlineIsEqualGUID(each.id, id); });
        return static_cast<bool>(outcome);
    };
    for (const bool dns : {false, true}) {
        for (const NamespaceProvider& want : target) {
            if ((want.name_space == NS_DNS) != dns) continue;
            const NamespaceProvider* const is = find_namespace(now, want.id);
            if (is != nullptr && (want.path.empty() || same_provider(want, *is))) continue;
            if (is != nullptr && !take_out(NamespaceProvider(*is))) return outcome;
            outcome = changes.install(want);
            if (!outcome) return outcome;
            now.push_back(want);
            now.back().active = true;
        }
    }
    for (const NamespaceProvider& provider : Namespaces(now)) {
        if (find_namespace(target, provider.id) == nullptr && !take_out(provider)) return outcome;
    }
    for (const NamespaceProvider& want : target) {
        if (find_namespace(now, want.id)->active == want.active) continue;
        outcome = changes.enable(want, want.active);
        if (!outcome) return outcome;
    }
    return same_ids(ids_of(now), ids_of(target)) ? outcome : changes.order(ids_of(target));
}

}  // namespace

Outcome restore_namespaces(Architecture architecture, const std::vector<NamespaceProvider>& wanted,
                           const RestoreOptions& options, std::vector<std::string>& steps,
                           std::vector<std::string>& notes) {
    const auto current = enumerate_namespaces(architecture);
    if (!current) return current.error();
    for (const NamespaceProvider& provider : wanted) {
        if (provider.path.empty() && find_namespace(*current, provider.id) == nullptr) {
            notes.push_back(concat({"\"", provider.name,
                                    "\", a namespace provider, is not restored: the backup does "
                                    "not have its path."}));
        }
    }
    const Namespaces target = wanted_namespaces(wanted, *current, options.exact);
    NamespaceChanges changes(architecture, options.dry_run, steps);
    const Outcome outcome = change_namespaces(changes, target, *current);
    if (!outcome || options.dry_run) return outcome;

    const auto now = enumerate_namespaces(architecture);
    if (!now) return now.error();
    bool same = same_ids(ids_of(*now), ids_of(target));
    for (const NamespaceProvider& want : target) {
        const NamespaceProvider* const is = find_namespace(*now, want.id);
        same = same && is != nullptr && is->active == want.active && (want.path.empty() || same_provider(*is, want));
    }
    if (same) return Done{};
    return own_error("ERR_READBACK_MISMATCH",
                     concat({"Cannot restore the ", bits_of(architecture),
                             " namespace catalog: it does not hold what was written, although the calls succeeded."}));
}

}  // namespace lsp::setup
