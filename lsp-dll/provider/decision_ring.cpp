#include "decision_ring.hpp"

#include <windows.h>
#include <winsock2.h>

#include <algorithm>
#include <atomic>

#include "../system/coarse_clock.hpp"
#include "../system/own_decision_ring.hpp"
#include "../system/own_token.hpp"
#include "process.hpp"

namespace lsp::provider {

namespace {

constexpr DWORD ring_retry_ms = 10'000;

DecisionSection* map_ring() noexcept {
    const system::OwnToken own;
    system::Handle section = system::open_own_decision_ring();
    if (!section) return nullptr;
    // Fails if it is smaller.
    auto* const ring = static_cast<DecisionSection*>(
        MapViewOfFile(section.get(), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof(DecisionSection)));
    if (ring == nullptr) return nullptr;
    // Whoever opens it writes the same.
    ring->magic = DecisionSection::expected_magic;
    ring->version = DecisionSection::expected_version;
    section.release();  // the section has its name as long as a process has it open
    return ring;
}

std::atomic<DecisionSection*> ring_mapped{nullptr};
std::atomic<bool> ring_mapping{false};
std::atomic<DWORD> ring_failed_at{0};  // system::milliseconds; 0: not yet

DecisionSection* ring_of_user() noexcept {
    if (DecisionSection* const ring = ring_mapped.load(std::memory_order_acquire)) return ring;
    const DWORD now = system::milliseconds();
    const DWORD failed = ring_failed_at.load(std::memory_order_relaxed);
    if (failed != 0 && now - failed < ring_retry_ms) return nullptr;
    if (ring_mapping.exchange(true, std::memory_order_acquire)) return nullptr;  // another thread is at it
    DecisionSection* ring = ring_mapped.load(std::memory_order_acquire);
    if (ring == nullptr) {
        const DWORD error = GetLastError();
        ring = map_ring();
        SetLastError(error);
        if (ring != nullptr) {
            ring_mapped.store(ring, std::memory_order_release);
        } else {
            ring_failed_at.store(now == 0 ? 1 : now, std::memory_order_relaxed);
        }
    }
    ring_mapping.store(false, std::memory_order_release);
    return ring;
}

}  // namespace

DecisionRecord record_of(const Decision& decision, std::uint32_t policy_stamp, Protocol protocol,
                         const IpAddress& destination, std::uint16_t port) noexcept {
    DecisionRecord record;
    record.rule = decision.rule;
    record.policy_stamp = policy_stamp;
    record.port = port;
    record.protocol = static_cast<std::uint8_t>(protocol);
    record.verdict = static_cast<std::uint8_t>(decision.verdict);
    record.reason = static_cast<std::uint8_t>(decision.reason);
    record.family = static_cast<std::uint8_t>(destination.family);
    std::copy(destination.bytes.begin(), destination.bytes.end(), record.destination);
    return record;
}

void tell_decision(DecisionRecord& record) noexcept {
    DecisionSection* const ring = ring_of_user();
    if (ring == nullptr) return;
    FILETIME time{};
    GetSystemTimeAsFileTime(&time);
    record.time = std::uint64_t{time.dwHighDateTime} << 32U | time.dwLowDateTime;
    record.process_id = GetCurrentProcessId();
    copy_image_name(process_path(), record.image);
    append(*ring, record);
}

}  // namespace lsp::provider
