#include "machines.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>

#include "catalog_state.hpp"
#include "setup/catalog_changes.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/catalog_tools.hpp"
#include "setup/doctor.hpp"
#include "setup/files.hpp"
#include "system/text.hpp"

using namespace lsp::setup;

namespace {

constexpr Architecture both_architectures[] = {Architecture::x64, Architecture::ia32};

const Catalog& catalog_of(const CatalogState& state, Architecture architecture) {
    return architecture == Architecture::x64 ? state.x64 : state.ia32;
}

bool all_topmost_have_ifs_handles(const Catalog& catalog) {
    for (const CatalogEntry& entry : catalog) {
        if (entry.is_layered()) continue;
        const CatalogEntry* const topmost = topmost_entry(catalog, entry.info);
        const Infos lowers = lower_entries(catalog);
        const bool wanted = std::any_of(lowers.begin(), lowers.end(), [&](const WSAPROTOCOL_INFOW& lower) {
            return same_protocol(lower, entry.info);
        });
        if (wanted && topmost != nullptr && (topmost->info.dwServiceFlags1 & XP1_IFS_HANDLES) == 0) return false;
    }
    return true;
}

// But for the ids, and for those of our chains' providers, which each installation makes anew.
std::string described(CatalogState state) {
    for (Catalog* const catalog : {&state.x64, &state.ia32}) {
        for (CatalogEntry& entry : *catalog) {
            if (entry.ours) entry.info.ProviderId = GUID{};
        }
    }
    return canonical_without_ids(state);
}

class Examination {
  public:
    Examination(const Machine& machine, const Paths& paths) : machine_(machine), paths_(paths) {}

    std::vector<std::string> run() {
        load_catalogs(machine_.catalogs);
        bare_ = read_state();
        bare_findings_ = findings();
        install();
        restore();
        lose_what_ours_stand_on();
        lose_the_hidden_entry_of_another();
        if (!machine_.both_can) refuse_both();
        return std::move(wrong_);
    }

  private:
    void fail(const std::string& what) { wrong_.push_back(what); }

    std::set<std::string> findings() {
        std::set<std::string> messages;
        const auto facts = collect_facts();
        const auto diagnosis = facts ? diagnose(*facts) : Result<Diagnosis>(facts.error());
        if (!diagnosis) return fail("doctor: " + diagnosis.error().message), messages;
        for (const Finding& finding : diagnosis->findings)
            messages.insert(concat({finding.code, ": ", finding.message}));
        return messages;
    }

    InstallOptions options(bool both) const {
        InstallOptions result;
        result.dll = paths_.dll;
        if (both) result.dll32 = paths_.dll32;
        return result;
    }

    void install() {
        const auto installed = install_provider(options(machine_.both_can));
        if (!installed) return fail("install: " + installed.error().message);
        if (const auto known = is_installed(); !known || !*known)
            fail("it is installed, and is_installed() does not know it");
        const CatalogState state = read_state();
        if (const std::string wrong = damage(state, bare_); !wrong.empty()) fail("install: " + wrong);
        for (const Architecture architecture : both_architectures) {
            if (architecture == Architecture::x64 || machine_.both_can) {
                check_protocols(architecture, catalog_of(state, architecture));
            } else if (canonical(state.ia32) != canonical(bare_.ia32)) {
                fail("install changed the 32-bit catalog");
            }
        }
        for (const std::string& finding : findings()) {
            if (bare_findings_.count(finding) == 0) fail("doctor says of a complete installation: " + finding);
        }
        const auto again = install_provider(options(machine_.both_can));
        if (!again || again->changed) fail("a second installation is not without effect");
        const auto removed = remove_provider();
        if (!removed) return fail("remove: " + removed.error().message);
        if (canonical(read_state()) != canonical(bare_)) fail("remove leaves another catalog than there was");
    }

    // Everything comes back, or, of what no program could load, the base providers.
    void restore() {
        const Operation operation = restore_after_reset(machine_, paths_);
        if (const Outcome prepared = operation.prepare(); !prepared)
            return fail("restore: " + prepared.error().message);
        if (const Outcome restored = operation.run(); !restored) return fail("restore: " + restored.error().message);
        const CatalogState now = read_state();
        const std::set<std::string> found = findings();
        load_catalogs(machine_.catalogs);
        if (const auto installed = install_provider(options(machine_.both_can)); !installed) return;
        const CatalogState before = read_state();
        if (const std::string lost = lost_protocol(now, before); !lost.empty()) fail("restore: " + lost);
        const bool loadable =
            std::none_of(bare_findings_.begin(), bare_findings_.end(),
                         [](const std::string& finding) { return finding.starts_with("dll-missing: "); });
        if (loadable && described(now) != described(before)) {
            fail("restore after a reset leaves another catalog than there was: " + described(now));
        }
        for (const std::string& finding : found) {
            if (finding.starts_with("other-provider: ") || bare_findings_.count(finding) != 0) continue;
            fail("doctor after a reset and a restore: " + finding);
        }
    }

    // TCP, UDP and RAW over IPv4 and IPv6 lead to us and from us to what programs got before, or, where that has no IFS
    // handles, to the first below it that has; nothing else leads to us.
    void check_protocols(Architecture architecture, const Catalog& catalog) {
        const Catalog& before = catalog_of(bare_, architecture);
        unsigned ours = 0;
        for (const CatalogEntry& entry : catalog) {
            if (!entry.ours || !entry.is_chain()) continue;
            ++ours;
            const auto first_of = [&](const Catalog& among, auto suits) {
                return std::find_if(among.begin(), among.end(), [&](const CatalogEntry& each) {
                    return !each.is_layered() && same_protocol(each.info, entry.info) && suits(each);
                });
            };
            const auto first = first_of(catalog, [](const CatalogEntry&) { return true; });
            if (!first->ours) fail(concat({"\"", first->info.szProtocol, "\" stands in front of ours"}));
            const auto lower = first_of(
                before, [](const CatalogEntry& each) { return (each.info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0; });
            if (lower == before.end() || !stands_on(entry.info, lower->info)) {
                fail(concat({"\"", entry.info.szProtocol, "\" does not stand on what programs got before"}));
                continue;
            }
            if ((lower->info.dwServiceFlags1 & XP1_QOS_SUPPORTED) != 0) fail("ours stands on RSVP's entry");
            if (entry.info.dwMessageSize != lower->info.dwMessageSize ||
                entry.info.dwProviderFlags != lower->info.dwProviderFlags ||
                entry.info.dwServiceFlags1 != lower->info.dwServiceFlags1) {
                fail(concat({"\"", entry.info.szProtocol, "\" is described otherwise than what it stands on"}));
            }
        }
        if (ours != 6) fail(concat({ours, " chains of ours instead of six"}));
    }

    // Without the base provider of IPv4 the doctor says so, whatever of the same family and type is left; RSVP's
    // entries are the same protocols.
    void lose_what_ours_stand_on() {
        for (const bool rsvp_too : {false, true}) {
            load_catalogs(machine_.catalogs);
            const auto lost = [&](const WSAPROTOCOL_INFOW& info) {
                return info.ProtocolChain.ChainLen == BASE_PROTOCOL && info.iAddressFamily == AF_INET &&
                       info.iProtocol == IPPROTO_TCP && (rsvp_too || (info.dwServiceFlags1 & XP1_QOS_SUPPORTED) == 0);
            };
            if (!take_out(lost)) return fail("there is no TCP over IPv4");
            const std::set<std::string> now = findings();
            const bool told = std::any_of(now.begin(), now.end(), [](const std::string& finding) {
                return finding.starts_with("base-provider-missing: ");
            });
            if (told != rsvp_too) fail(rsvp_too ? "TCP is lost, and doctor does not say so" : "RSVP's TCP is not seen");
        }
    }

    // An LSP whose hidden entry is gone and whose chains are not: programs get nothing, until it is taken out. Ours are
    // installed below what is broken or not at all.
    void lose_the_hidden_entry_of_another() {
        load_catalogs(machine_.catalogs);
        const auto hidden = [](const WSAPROTOCOL_INFOW& info) {
            return info.ProtocolChain.ChainLen == LAYERED_PROTOCOL;
        };
        if (!take_out(hidden)) return;
        const CatalogState broken = read_state();
        const std::set<std::string> before = findings();
        if (std::none_of(before.begin(), before.end(),
                         [](const std::string& finding) { return finding.starts_with("chain-broken: "); })) {
            fail("a chain names nothing, and doctor does not say so");
        }
        for (const bool both : {false, true}) {
            const auto installed = install_provider(options(both));
            if (!installed) {
                if (canonical(read_state()) != canonical(broken)) fail("a refused installation changed something");
                if (!both) fail("over leftovers: " + installed.error().message);
                if (installed.error().code == "ERR_READBACK_MISMATCH") fail("over leftovers: found out too late");
                continue;
            }
            const CatalogState state = read_state();
            if (const std::string wrong = damage(state, broken); !wrong.empty()) fail("over leftovers: " + wrong);
            for (const std::string& finding : findings()) {
                if (before.count(finding) == 0) fail("doctor over leftovers: " + finding);
            }
            if (const auto removed = remove_provider(); !removed) fail("over leftovers: " + removed.error().message);
            if (canonical(read_state()) != canonical(broken)) fail("over leftovers, remove leaves another catalog");
        }
    }

    void refuse_both() {
        load_catalogs(machine_.catalogs);
        const auto installed = install_provider(options(true));
        if (installed || installed.error().code != "ERR_NON_IFS_PROVIDER") {
            fail("the call for both catalogs is made over an LSP without IFS handles");
        }
        if (canonical(read_state()) != canonical(bare_)) fail("a refused installation changed something");
    }

    // From both catalogs. False if there was nothing of it.
    template <typename Lost>
    static bool take_out(Lost lost) {
        const Bytes whole = save_catalogs();
        TestWinsockSavedHeader header;
        std::memcpy(&header, whole.data(), sizeof(header));
        const DWORD count64 = header.count64, count = header.count64 + header.count32;
        Bytes rest(sizeof(header));
        for (DWORD i = 0; i < count; ++i) {
            const auto* const bytes = whole.data() + sizeof(header) + i * sizeof(TestWinsockSavedEntry);
            TestWinsockSavedEntry entry;
            std::memcpy(&entry, bytes, sizeof(entry));
            if (lost(entry.info)) {
                --(i < count64 ? header.count64 : header.count32);
            } else {
                rest.insert(rest.end(), bytes, bytes + sizeof(entry));
            }
        }
        std::memcpy(rest.data(), &header, sizeof(header));
        load_catalogs(rest);
        return header.count64 + header.count32 != count;
    }

    const Machine& machine_;
    const Paths& paths_;
    CatalogState bare_;
    std::set<std::string> bare_findings_;
    std::vector<std::string> wrong_;
};

}  // namespace

std::vector<Machine> machines_in(const std::wstring& folder) {
    std::vector<std::wstring> names;
    WIN32_FIND_DATAW found;
    const HANDLE search = FindFirstFileW((folder + L"\\*.catalog").c_str(), &found);
    if (search == INVALID_HANDLE_VALUE) return {};
    do {
        names.emplace_back(found.cFileName);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    std::sort(names.begin(), names.end());

    std::vector<Machine> machines;
    for (const std::wstring& name : names) {
        Machine machine;
        machine.name = lsp::system::narrow(name.substr(0, name.size() - std::wcslen(L".catalog")));
        if (read_file(folder + L"\\" + name, machine.catalogs) != ERROR_SUCCESS) std::abort();
        load_catalogs(machine.catalogs);
        const CatalogState state = read_state();
        machine.both_can = all_topmost_have_ifs_handles(state.x64) && all_topmost_have_ifs_handles(state.ia32);
        machines.push_back(std::move(machine));
    }
    return machines;
}

std::vector<std::string> examine_machine(const Machine& machine, const Paths& paths) {
    return Examination(machine, paths).run();
}

Operation restore_after_reset(const Machine& machine, const Paths& paths) {
    const auto backup = std::make_shared<std::vector<BackedUpCatalog>>();
    const auto install = [machine, paths]() -> Outcome {
        InstallOptions options;
        options.dll = paths.dll;
        if (machine.both_can) options.dll32 = paths.dll32;
        const auto installed = install_provider(options);
        if (!installed) return installed.error();
        return lsp::system::Done{};
    };
    const auto prepare = [backup, machine, install]() -> Outcome {
        load_catalogs(machine.catalogs);
        if (const Outcome installed = install(); !installed) return installed;
        backup->clear();
        for (const Architecture architecture : both_architectures) {
            const auto catalog = enumerate_catalog(architecture);
            if (!catalog) return catalog.error();
            backup->push_back({architecture, *catalog, std::vector<std::optional<DWORD>>(catalog->size()), {}});
        }
        keep_in_memory(false);
        keep_in_memory(true);  // empty, which is seeded as a fresh Windows
        return lsp::system::Done{};
    };
    const auto restore = [backup]() -> Outcome {
        const auto restored = restore_catalogs(*backup, {});
        if (!restored) return restored.error();
        return lsp::system::Done{};
    };
    Operation operation{"restore after netsh winsock reset", machine.both_can, false, false, prepare, restore, install};
    operation.restores_base = true;
    operation.leaves_32 = true;
    return operation;
}

std::vector<Operation> operations_on(const Machine& machine, const Paths& paths, bool all) {
    std::vector<Operation> chosen = operations(paths, machine.both_can);
    if (!all) {
        std::erase_if(
            chosen, [&](const Operation& operation) { return operation.others || operation.both != machine.both_can; });
    }
    chosen.push_back(restore_after_reset(machine, paths));
    return chosen;
}
