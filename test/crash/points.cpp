#include "points.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "backups.hpp"
#include "setup/cancel.hpp"
#include "setup/doctor.hpp"
#include "setup/plan.hpp"
#include "system/text.hpp"

using namespace lsp::setup;

namespace {

constexpr int error_codes[] = {WSAEACCES, WSANO_RECOVERY, WSAENOBUFS, WSATRY_AGAIN, WSAEINVAL};
constexpr std::size_t most_failures = 20;
constexpr unsigned process_kills = 3;  // of each operation

// The 32-bit catalog in the place of the 64-bit one, with the 64-bit DLLs: programs under it get what 32-bit programs
// get.
Bytes as_native(const Bytes& catalogs, const Paths& paths) {
    TestWinsockSavedHeader header;
    std::memcpy(&header, catalogs.data(), sizeof(header));
    Bytes result(sizeof(header) + header.count32 * sizeof(TestWinsockSavedEntry));
    for (DWORD i = 0; i < header.count32; ++i) {
        TestWinsockSavedEntry entry;
        std::memcpy(&entry, catalogs.data() + sizeof(header) + (header.count64 + i) * sizeof(entry), sizeof(entry));
        for (const auto& [dll32, dll] : {std::pair{paths.dll32, paths.dll},
                                         {paths.newer_dll32, paths.newer_dll},
                                         {paths.other_dll32, paths.other_dll}}) {
            if (dll32 == entry.path) lstrcpynW(entry.path, dll.c_str(), MAX_PATH);
        }
        std::memcpy(result.data() + sizeof(header) + i * sizeof(entry), &entry, sizeof(entry));
    }
    header.count64 = header.count32;
    header.count32 = 0;
    std::memcpy(result.data(), &header, sizeof(header));
    return result;
}

std::vector<std::string> sorted_lines(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t from = 0, to; from < text.size(); from = to + 1) {
        to = std::min(text.find('\n', from), text.size());
        lines.push_back(text.substr(from, to - from));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

class Interruption {
  public:
    Interruption(const Operation& operation, const Paths& paths, const Ground& ground, const TryPrograms& programs,
                 const RunElsewhere& elsewhere, std::set<std::string>& known, const Effort& effort)
        : operation_(operation),
          paths_(paths),
          ground_(ground),
          programs_(programs),
          elsewhere_(elsewhere),
          known_(known),
          effort_(effort) {}

    Report run() {
        if (!find_landmarks()) return report_;
        const TestWinsockCounts total = counts_;
        // Restoring reads a path hundreds of times.
        const unsigned spacing = total.calls / effort_.reads + 1;
        const auto changes = static_cast<unsigned>(
            std::count_if(calls_.begin(), calls_.end(), [](const TestWinsockCall& each) { return each.writes != 0; }));
        const unsigned changes_spacing = changes / effort_.changes + 1;
        unsigned change = 0;
        for (unsigned n = 1; n <= total.calls; ++n) {
            const TestWinsockCall& interrupted = calls_[n - 1];
            if (interrupted.writes == 0 ? n % spacing != 0 : change++ % changes_spacing != 0) continue;
            // A call that changes nothing fails the same way whatever it says: one code each, in turn.
            for (std::size_t i = 0; i < std::size(error_codes); ++i) {
                if (interrupted.writes == 0 && i != n % std::size(error_codes)) continue;
                TestWinsockFaults faults{};
                faults.failCall = n;
                faults.error = error_codes[i];
                attempt("a failing call", n, faults);
            }
            TestWinsockFaults rest{};
            rest.failCall = n;
            rest.error = WSANO_RECOVERY;
            rest.failsFromThere = TRUE;
            attempt("calls that all fail from there on", n, rest);
            called_off_ = false;
            TestWinsockFaults abort{};
            abort.noticeCall = n;
            abort.context = &called_off_;
            abort.notice = [](void* flag) { *static_cast<std::atomic<bool>*>(flag) = true; };
            attempt("being called off during a call", n, abort);
            TestWinsockFaults kill{};
            kill.killCall = n;
            attempt("a kill before a call", n, kill);
            const unsigned parts_spacing = interrupted.newEntries / effort_.tears + 1;
            for (unsigned parts = 0; parts < interrupted.newEntries; parts += parts_spacing) {
                for (const int error : {0, WSANO_RECOVERY}) {
                    TestWinsockFaults tear{};
                    tear.tearCall = n;
                    tear.parts = parts;
                    tear.error = error;
                    attempt(error == 0 ? "a kill between two entries" : "a failure between two entries", n, tear);
                }
            }
        }
        // An installation writes some thousand values, each entry's alike.
        const unsigned writes_spacing = total.writes / effort_.writes + 1;
        for (unsigned n = 1; n <= (writes() ? total.writes : 0); n += writes_spacing) {
            TestWinsockFaults fail{};
            fail.failWrite = n;
            attempt("a failing registry write", n, fail);
            TestWinsockFaults kill{};
            kill.killWrite = n;
            attempt("a kill in a registry write", n, kill);
        }
        if (writes()) kill_processes(total);
        report_.states = static_cast<unsigned>(states_.size());
        return report_;
    }

  private:
    bool writes() const { return operation_.writes && effort_.registry; }

    Lenience lenience() const { return {!ground_.works, !ground_.catalogs.empty()}; }

    // What restore does with an LSP that no program can load is not undone by others.
    bool same(const std::string& text, const std::string& wanted) const {
        return text == wanted || (!ground_.works && sorted_lines(text) == sorted_lines(wanted));
    }

    std::string text_of(const CatalogState& state) const {
        return operation_.restores_base ? canonical_without_ids(state) : canonical(state);
    }

    // The catalogs before and after the operation, and those that repairs have to end in.
    bool find_landmarks() {
        keep_in_memory(true);  // empty, which is seeded as a fresh Windows
        disarm();
        if (!ground_.catalogs.empty()) load_catalogs(ground_.catalogs);
        if (operation_.others && !install_other(paths_)) return fail("another LSP cannot be installed"), false;
        const Bytes bare = save_catalogs();
        bare_ = read_state();
        bare_text_ = canonical(bare_);
        const auto bare_diagnosis = diagnosis();
        if (!bare_diagnosis) return fail("doctor: " + bare_diagnosis.error().message), false;
        for (const Finding& finding : bare_diagnosis->findings) bare_findings_.insert(finding.message);
        if (const Outcome prepared = operation_.prepare(); !prepared)
            return fail("what it starts from cannot be made: " + prepared.error().message), false;
        start_ = save_catalogs();
        start_state_ = read_state();
        start_text_ = text_of(start_state_);
        if (const Outcome done = operation_.run(); !done)
            return fail("it does not even work undisturbed: " + done.error().message), false;
        goal_ = read_state();
        goal_text_ = text_of(goal_);
        load_catalogs(bare);
        if (const Outcome installed = operation_.install(); !installed)
            return fail("it cannot be installed undisturbed: " + installed.error().message), false;
        complete_text_ = canonical(read_state());

        load_catalogs(start_);
        arm({});
        const Outcome again = operation_.run();
        counts_ = counts();
        for (unsigned n = 1; n <= counts_.calls; ++n) calls_.push_back(call(n));
        disarm();
        if (!again) return fail("it does not work a second time: " + again.error().message), false;
        const CatalogState now = read_state();
        examine(now, text_of(now));
        return true;
    }

    // The kills of threads above stand for those of processes: some of those, with the registry's catalogs, must leave
    // the same.
    void kill_processes(const TestWinsockCounts& total) {
        for (unsigned i = 1; i <= process_kills; ++i) {
            const unsigned n = total.calls * i / (process_kills + 1) + 1;
            TestWinsockFaults faults{};
            faults.killCall = n;
            compare_kill("a kill of the process before a call", n, faults, concat({"TEST_WINSOCK_KILL=", n}));
        }
        const unsigned n = total.writes / 2;
        TestWinsockFaults faults{};
        faults.killWrite = n;
        compare_kill("a kill of the process in a registry write", n, faults, concat({"TEST_WINSOCK_KILL_WRITE=", n}));
    }

    void compare_kill(const char* kind, unsigned n, TestWinsockFaults faults, const std::string& variable) {
        ++report_.points[kind];
        point_ = concat({kind, " ", n});
        load_catalogs(start_);
        faults.killsThread = TRUE;
        arm(faults);
        run_until_killed([&] { (void)operation_.run(); });
        disarm();
        const std::string expected = canonical(read_state());
        keep_in_memory(false);
        elsewhere_(start_, widen(variable));
        const CatalogState state = read_state();
        const Bytes left = save_catalogs();
        keep_in_memory(true);
        load_catalogs(left);
        if (canonical(state) != expected) fail("it leaves another catalog than the kill of a thread");
        if (canonical(state) == goal_text_ && expected != goal_text_) fail("it was not killed");
        examine(state, canonical(state));
    }

    void attempt(const char* kind, unsigned n, const TestWinsockFaults& faults) {
        delete_backups();
        load_catalogs(start_);
        ++report_.points[kind];
        Outcome outcome = Done{};
        bool ended = true;
        arm(faults);
        const bool kills = faults.killCall != 0 || faults.killWrite != 0 || (faults.tearCall != 0 && faults.error == 0);
        if (kills) {
            // The tear's kill belongs to its own thread too.
            TestWinsockFaults threads = faults;
            threads.killsThread = TRUE;
            arm(threads);
            ended = run_until_killed([&] { outcome = operation_.run(); });
        } else {
            const CancelScope scope(faults.noticeCall != 0 ? &called_off_ : nullptr);
            outcome = operation_.run();
        }
        disarm();
        point_ = concat({kind, " ", n});
        if (n <= calls_.size() && faults.failWrite == 0 && faults.killWrite == 0) {
            point_ += concat({" (", calls_[n - 1].name, faults.error != 0 ? ", " : "",
                              faults.error != 0 ? error_name(static_cast<std::uint32_t>(faults.error)) : "", ")"});
        }
        if (kills && ended) fail("it was not reached");
        const CatalogState state = read_state();
        const std::string text = text_of(state);
        if (!kills) judge(outcome, faults, text);
        examine(state, text);
    }

    void judge(const Outcome& outcome, const TestWinsockFaults& faults, const std::string& text) {
        if (outcome) {
            if (text != goal_text_) fail("success, but the catalog is not as it should be");
            return;
        }
        const Error& error = outcome.error();
        const std::string said = concat({" [", error.code, "] ", error.message});
        if (error.code.empty() || error.message.empty()) fail("an error without a code or a message");
        const bool restored = text == start_text_;
        const bool says_so = error.message.find("could not be put back") == std::string::npos;
        // Where nothing can be read any more, what is unchanged cannot be known to be.
        const bool blind = restored && faults.failsFromThere != FALSE;
        if (restored != says_so && !blind) fail((restored ? "unchanged, but:" : "changed, but:") + said);
        if (!restored && faults.failsFromThere == FALSE) fail("not rolled back:" + said);
        if (faults.noticeCall != 0) {
            if (error.code != "ERR_ABORTED") fail("another error than ERR_ABORTED:" + said);
            return;
        }
        const std::uint32_t injected = static_cast<std::uint32_t>(faults.error != 0 ? faults.error : WSANO_RECOVERY);
        if (error.number != injected) fail(concat({"another error than ", error_name(injected), ":", said}));
    }

    void examine(const CatalogState& state, const std::string& text) {
        if (!states_.insert(text).second) return;
        if (operation_.restores_base) {
            if (const std::string wrong = lost_protocol(state, start_state_); !wrong.empty()) fail(wrong);
        } else if (const std::string wrong = damage(state, bare_, lenience()); !wrong.empty()) {
            fail(wrong);
        }
        const Bytes left = save_catalogs();
        try_programs(left, "");
        // Those of a machine's own LSP are no 64-bit DLLs.
        const auto is_base = [](const CatalogEntry& entry) { return entry.is_base(); };
        if (ground_.catalogs.empty() || std::all_of(bare_.ia32.begin(), bare_.ia32.end(), is_base)) {
            try_programs(as_native(left, paths_), "32-bit catalog: ");
        }
        repair("install", left, operation_.install, complete_text_);
        const auto remove = [] {
            const auto removed = remove_provider();
            return removed ? Outcome(Done{}) : Outcome(removed.error());
        };
        repair("remove", left, remove, bare_text_);
        repair("the same", left, operation_.run, goal_text_);
        mend(left);
    }

    void try_programs(const Bytes& catalogs, const char* which) {
        if (!ground_.works || tried_ >= effort_.programs) return;
        load_catalogs(catalogs);
        if (!known_.insert(of_either_version(canonical(read_state().x64))).second) return;
        ++tried_;
        if (const std::string wrong = programs_(catalogs); !wrong.empty()) fail(which + wrong);
    }

    // What ts/doctor.ts does.
    void mend(const Bytes& left) {
        load_catalogs(left);
        const auto before = diagnosis();
        if (!before) return fail("doctor afterwards: " + before.error().message);
        const auto fixes = [&](Fix fix) {
            return std::any_of(before->findings.begin(), before->findings.end(),
                               [&](const Finding& finding) { return finding.fix == fix; });
        };
        const bool anew = fixes(Fix::install_anew);
        if (anew || fixes(Fix::install)) {
            const Outcome outcome = install_registered(*before, anew);
            if (is_told_to_restore(outcome, left)) return restore_after("doctor --fix");
            if (!outcome) return fail("doctor --fix afterwards: " + outcome.error().message);
        }
        const auto after = diagnosis();
        if (!after) return fail("doctor afterwards: " + after.error().message);
        if (operation_.restores_base) return restore_after("doctor --fix");
        for (const Finding& finding : after->findings) {
            if (finding.severity == Severity::info || bare_findings_.count(finding.message) != 0) continue;
            fail("doctor --fix afterwards leaves: " + finding.message);
        }
        if (const std::string wrong = damage(read_state(), bare_, lenience()); !wrong.empty()) {
            fail("doctor --fix afterwards: " + wrong);
        }
        if (before->installed && !after->installed) fail("doctor --fix afterwards leaves nothing of ours");
    }

    // While a base provider that another LSP's chains name is out, the call for both catalogs is refused.
    bool is_told_to_restore(const Outcome& outcome, const Bytes& left) const {
        return !outcome && operation_.restores_base && !ground_.catalogs.empty() &&
               outcome.error().code == "ERR_BROKEN_CHAIN" && save_catalogs() == left;
    }

    static Result<Diagnosis> diagnosis() {
        const auto facts = collect_facts();
        if (!facts) return facts.error();
        return diagnose(*facts);
    }

    Outcome install_registered(const Diagnosis& diagnosis, bool anew) const {
        // Stands for the package's DLLs.
        if (diagnosis.dll.empty() || (diagnosis.covers32 && diagnosis.dll32.empty())) return operation_.install();
        InstallOptions registered;
        registered.dll = diagnosis.dll;
        registered.dll32 = diagnosis.dll32;
        auto installed = install_provider(registered);
        if (!installed) return installed.error();
        if (!anew) return Done{};
        const auto now = Interruption::diagnosis();
        if (!now) return now.error();
        registered.anew = std::any_of(now->findings.begin(), now->findings.end(),
                                      [](const Finding& finding) { return finding.fix == Fix::install_anew; });
        if (registered.anew) installed = install_provider(registered);
        if (!installed) return installed.error();
        return Done{};
    }

    // Programs run the same bytes in either.
    std::string of_either_version(std::string text) const {
        const std::string newer = narrow(paths_.newer_dll);
        for (std::size_t at = 0; (at = text.find(newer, at)) != std::string::npos;) {
            text.replace(at, newer.size(), narrow(paths_.dll));
        }
        return text;
    }

    void repair(const char* what, const Bytes& left, const std::function<Outcome()>& run_repair,
                const std::string& wanted) {
        load_catalogs(left);
        const Outcome outcome = run_repair();
        if (is_told_to_restore(outcome, left)) return restore_after(what);
        if (!outcome) return fail(concat({what, " afterwards: ", outcome.error().message}));
        if (operation_.restores_base) return restore_after(what);
        if (!same(canonical(read_state()), wanted))
            fail(concat({what, " afterwards leaves another catalog than it should"}));
    }

    void restore_after(const char* what) {
        if (const std::string wrong = lost_protocol(read_state(), start_state_); !wrong.empty()) {
            fail(concat({what, " afterwards: ", wrong}));
        }
        if (const Outcome outcome = operation_.run(); !outcome) {
            fail(concat({what, " and the same afterwards: ", outcome.error().message}));
        }
        CatalogState state = read_state();
        if (operation_.leaves_32) state.ia32 = goal_.ia32;
        if (text_of(state) != goal_text_) fail(concat({what, " and the same afterwards leave another catalog"}));
    }

    void fail(const std::string& what) {
        if (report_.failures.size() < most_failures) report_.failures.push_back(concat({point_, ": ", what}));
    }

    const Operation& operation_;
    const Paths& paths_;
    const Ground& ground_;
    const TryPrograms& programs_;
    const RunElsewhere& elsewhere_;
    std::set<std::string>& known_;
    const Effort& effort_;
    unsigned tried_ = 0;  // with programs
    std::set<std::string> bare_findings_;
    Report report_;
    Bytes start_;
    CatalogState bare_, start_state_, goal_;
    std::string start_text_, goal_text_, bare_text_, complete_text_, point_ = "undisturbed";
    TestWinsockCounts counts_{};
    std::vector<TestWinsockCall> calls_;
    std::set<std::string> states_;
    std::atomic<bool> called_off_{false};
};

}  // namespace

Report interrupt_everywhere(const Operation& operation, const Paths& paths, const Ground& ground,
                            const TryPrograms& programs, const RunElsewhere& elsewhere, std::set<std::string>& known,
                            const Effort& effort) {
    return Interruption(operation, paths, ground, programs, elsewhere, known, effort).run();
}
