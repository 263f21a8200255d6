#include "control_check.h"

#include <algorithm>
#include <vector>

#include "recording.h"

namespace base_provider {
namespace {
struct Kept {
    const char* pointer;
    std::vector<char> bytes;
};

SRWLOCK lock = SRWLOCK_INIT;
bool active;
std::vector<Kept> kept;

// Not IsBadReadPtr and a copy: another thread may free the memory between the two. Nor ReadProcessMemory
// alone: Wine's may read through page protection.
bool read(const char* pointer, std::vector<char>& bytes) {
    SIZE_T count = 0;
    return !IsBadReadPtr(pointer, bytes.size()) &&
           ReadProcessMemory(GetCurrentProcess(), pointer, bytes.data(), bytes.size(), &count) && count == bytes.size();
}

// Each difference is told once.
void compare() {
    std::erase_if(kept, [](const Kept& each) {
        std::vector<char> now(each.bytes.size());
        const bool readable = read(each.pointer, now);
        if (readable && now == each.bytes) return false;
        Record record("control-changed", 0);
        record.Bytes("was", each.bytes.data(), each.bytes.size());
        if (readable) record.Bytes("is", now.data(), now.size());
        record.Begin();
        return true;
    });
}

bool isKept(const char* pointer, std::size_t size) {
    return std::any_of(kept.begin(), kept.end(), [pointer, size](const Kept& each) {
        return each.pointer == pointer && each.bytes.size() == size;
    });
}
}  // namespace

void StartControlCheck() { active = true; }

void CheckControl(const WSABUF& control) {
    if (!active) return;
    const DWORD lastError = GetLastError();
    AcquireSRWLockExclusive(&lock);
    compare();
    // What is still kept is unchanged, so the same place has the same bytes.
    if (control.len > 0 && !isKept(control.buf, control.len)) {
        Kept added{control.buf, std::vector<char>(control.len)};
        if (read(added.pointer, added.bytes)) kept.push_back(added);
    }
    ReleaseSRWLockExclusive(&lock);
    SetLastError(lastError);
}

void EndControlCheck() {
    if (!active) return;
    AcquireSRWLockExclusive(&lock);
    compare();
    Record("control-checked", 0).Number("count", static_cast<long long>(kept.size())).Begin();
    kept.clear();
    active = false;
    ReleaseSRWLockExclusive(&lock);
}
}  // namespace base_provider
