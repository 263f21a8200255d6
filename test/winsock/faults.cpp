#include "faults.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "control.h"
#include "export_macro.h"

namespace test_winsock {
namespace {
std::atomic<unsigned> calls, writes;
constexpr unsigned mostDescribed = 4096;
std::vector<TestWinsockCall> described;  // kept only for a program that has armed something
bool describing;

// "12", "12:10013" or "12:3:10013"; what is missing is 0.
void readVariable(const wchar_t* name, unsigned& first, unsigned* second = nullptr, unsigned* third = nullptr) {
    wchar_t text[64];
    const DWORD length = GetEnvironmentVariableW(name, text, ARRAYSIZE(text));
    if (length == 0 || length >= ARRAYSIZE(text)) return;
    wchar_t* rest = text;
    for (unsigned* number : {&first, second, third}) {
        if (number) *number = wcstoul(rest, &rest, 10);
        if (*rest != L':') break;
        rest++;
    }
}

TestWinsockFaults faultsOfEnvironment() {
    TestWinsockFaults faults{};
    unsigned error = 0;
    readVariable(L"TEST_WINSOCK_TEAR", faults.tearCall, &faults.parts, &error);
    readVariable(L"TEST_WINSOCK_FAIL", faults.failCall, &error);
    faults.error = static_cast<int>(error);
    readVariable(L"TEST_WINSOCK_FAIL_WRITE", faults.failWrite);
    readVariable(L"TEST_WINSOCK_KILL", faults.killCall);
    readVariable(L"TEST_WINSOCK_KILL_WRITE", faults.killWrite);
    readVariable(L"TEST_WINSOCK_PAUSE", faults.pauseCall, &faults.pauseMilliseconds);
    return faults;
}

TestWinsockFaults& faults() {
    static TestWinsockFaults armed = faultsOfEnvironment();
    return armed;
}

void noteCall(const char* name) {
    if (describing && described.size() < mostDescribed) {
        TestWinsockCall call{};
        lstrcpynA(call.name, name, sizeof call.name);
        described.push_back(call);
    }
    wchar_t path[MAX_PATH];
    const DWORD length = GetEnvironmentVariableW(L"TEST_WINSOCK_COUNT", path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) return;
    const HANDLE file =
        CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS, 0, nullptr);
    if (file == INVALID_HANDLE_VALUE) return;
    const std::string line = std::string(name) + "\n";
    DWORD written;
    WriteFile(file, line.data(), static_cast<DWORD>(line.size()), &written, nullptr);
    CloseHandle(file);
}

bool contains(const ProtocolCatalog& catalog, const CatalogEntry& entry) {
    return std::any_of(catalog.begin(), catalog.end(), [&](const CatalogEntry& other) {
        return other.info.dwCatalogEntryId == entry.info.dwCatalogEntryId;
    });
}

// The new entries in the order in which an installer that writes them one by one would: one catalog after the other,
// and in each the hidden entry, which the chains name, first.
std::vector<std::pair<Bitness, DWORD>> additions(const Catalogs& before, const Catalogs& after) {
    std::vector<std::pair<Bitness, DWORD>> added;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32}) {
        const auto& old = bitness == Bitness::bits64 ? before.bits64 : before.bits32;
        const auto& now = bitness == Bitness::bits64 ? after.bits64 : after.bits32;
        for (bool layered : {true, false})
            for (const CatalogEntry& entry : now)
                if ((entry.info.ProtocolChain.ChainLen == LAYERED_PROTOCOL) == layered && !contains(old, entry))
                    added.emplace_back(bitness, entry.info.dwCatalogEntryId);
    }
    return added;
}
}  // namespace

int EnterCatalogCall(const char* name) {
    const TestWinsockFaults& armed = faults();
    const unsigned number = ++calls;
    noteCall(name);
    if (number == armed.noticeCall && armed.notice) armed.notice(armed.context);
    if (number == armed.pauseCall) Sleep(armed.pauseMilliseconds);
    if (number == armed.killCall) Kill();
    const bool fails = armed.failCall && (armed.failsFromThere ? number >= armed.failCall : number == armed.failCall);
    return fails ? armed.error : 0;
}

bool EnterRegistryWrite() {
    const TestWinsockFaults& armed = faults();
    const unsigned number = ++writes;
    if (describing && !described.empty()) described.back().writes++;
    if (number == armed.killWrite) Kill();
    return number != armed.failWrite;
}

Tear TearCall(const Catalogs& before, Catalogs& after) {
    const auto added = additions(before, after);
    if (describing && !described.empty()) described.back().newEntries = static_cast<unsigned>(added.size());
    const TestWinsockFaults& armed = faults();
    if (armed.tearCall == 0 || calls != armed.tearCall) return {};
    for (std::size_t i = armed.parts; i < added.size(); i++)
        std::erase_if(after.of(added[i].first),
                      [&](const CatalogEntry& entry) { return entry.info.dwCatalogEntryId == added[i].second; });
    return {armed.error, armed.error == 0};
}

void Kill() {
    if (faults().killsThread) ExitThread(99);
    TerminateProcess(GetCurrentProcess(), 99);
    for (;;) Sleep(INFINITE);
}

WINSOCK_EXPORT(void, TestWinsockArm, const TestWinsockFaults* armed) {
    faults() = armed ? *armed : TestWinsockFaults{};
    calls = writes = 0;
    described.clear();
    describing = true;
}

WINSOCK_EXPORT(void, TestWinsockCount, TestWinsockCounts* counts) { *counts = {calls, writes}; }

WINSOCK_EXPORT(void, TestWinsockDescribe, unsigned call, TestWinsockCall* answer) {
    *answer = call >= 1 && call <= described.size() ? described[call - 1] : TestWinsockCall{};
}
}  // namespace test_winsock
