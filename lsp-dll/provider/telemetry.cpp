#include "telemetry.hpp"

#include "../system/process.hpp"
#include "inlining.hpp"
#include "process.hpp"

// A section of its own, mapped read-write and shared by every process that loads the same file. It must be initialised
// data: a zero-filled variable would go to .bss, which is never shared.
#if defined(_MSC_VER)
#pragma section(".shared", read, write, shared)
#define LSP_SHARED_SECTION __declspec(allocate(".shared"))
#elif defined(__clang__)
// Clang has no attribute for it: its linker is told so (-Xlinker /SECTION:.shared,RWS).
#define LSP_SHARED_SECTION __attribute__((section(".shared")))
#else
#define LSP_SHARED_SECTION __attribute__((section(".shared"), shared))
#endif

namespace lsp::provider {

namespace {

LSP_SHARED_SECTION CounterSection section = {CounterSection::expected_magic, CounterSection::expected_version, {}, {}};

std::atomic<bool> carrying{false};
// Of whoever carries.
std::uint32_t carried[counter_count];  // of what the stripes have counted, modulo 2^32 as they are
ProcessCounts* place = nullptr;
bool place_sought = false;

bool is_counting(const ProcessIdentity& process) noexcept {
    system::Handle opened;
    return system::ask_process(process, opened) != system::ProcessState::gone;
}

// Where this process's counts go: its own place, as long as nobody has scrambled that.
std::atomic<std::uint64_t>* destination() noexcept {
    if (!place_sought) {
        place_sought = true;
        ImageName image{};
        copy_image_name(process_path(), image);
        place = take_place(section, system::current_process(), image, is_counting);
    }
    return place != nullptr && place->owner.load(std::memory_order_relaxed) == GetCurrentProcessId() ? place->counts
                                                                                                     : section.others;
}

void carry() noexcept {
    std::atomic<std::uint64_t>* to = nullptr;
    for (std::size_t i = 0; i < counter_count; ++i) {
        std::uint32_t sum = 0;
        for (const CountStripe& stripe : count_stripes) {
            sum += stripe.counts[i].load(std::memory_order_relaxed) + stripe.others[i].load(std::memory_order_relaxed);
        }
        if (sum == carried[i]) continue;
        if (to == nullptr) to = destination();
        to[i].fetch_add(sum - carried[i], std::memory_order_relaxed);
        carried[i] = sum;
    }
}

}  // namespace

CountStripe count_stripes[stripe_count];

// A thread that ended without a word leaves its stripe to a name that a later thread may have: then that one owns it.
LSP_APART void count_apart(CountStripe& stripe, const void* thread, Counter counter) noexcept {
    const void* nobody = nullptr;
    if (stripe.owner.load(std::memory_order_relaxed) == nullptr &&
        stripe.owner.compare_exchange_strong(nobody, thread, std::memory_order_acquire)) {
        return count(counter);
    }
    stripe.others[static_cast<std::uint32_t>(counter)].fetch_add(1, std::memory_order_relaxed);
}

void leave_stripe() noexcept {
    const void* thread = current_thread();
    count_stripes[stripe_of(thread)].owner.compare_exchange_strong(thread, nullptr, std::memory_order_release);
}

void carry_counts() noexcept {
    if (carrying.exchange(true, std::memory_order_acquire)) return;  // another thread is at it
    carry();
    carrying.store(false, std::memory_order_release);
}

void carry_last_counts() noexcept {
    place_sought = true;  // for nothing else is counted any more
    carry();
    if (place != nullptr) leave_place(section, *place, GetCurrentProcessId());
}

}  // namespace lsp::provider
