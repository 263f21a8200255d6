#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "flow.hpp"
#include "process.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

constexpr DWORD quiet_ms = 1000;

// What this process has recorded lately: the flow's hash and when. A collision costs a record, nothing else.
std::atomic<std::uint64_t> recent[64];

std::uint32_t hash_of(const Flow& flow) noexcept {
    std::uint32_t hash = 2166136261U;  // FNV-1a
    const auto add = [&hash](std::uint32_t byte) { hash = (hash ^ (byte & 0xff)) * 16777619U; };
    for (const std::uint8_t byte : flow.destination.address.bytes) add(byte);
    add(flow.destination.port);
    add(flow.destination.port >> 8U);
    add(static_cast<std::uint32_t>(flow.protocol));
    add(static_cast<std::uint32_t>(flow.decision.verdict));
    add(static_cast<std::uint32_t>(flow.result));
    for (unsigned shift = 0; shift < 32; shift += 8) add(flow.policy_stamp >> shift);
    return hash;
}

bool recorded_lately(const Flow& flow) noexcept {
    const std::uint32_t hash = hash_of(flow);
    const DWORD now = GetTickCount();
    std::atomic<std::uint64_t>& place = recent[hash % 64];
    const std::uint64_t before = place.load(std::memory_order_relaxed);
    if (before >> 32U == hash && now - static_cast<DWORD>(before) < quiet_ms) return true;
    place.store(std::uint64_t{hash} << 32U | now, std::memory_order_relaxed);
    return false;
}

void copy_image(char (&image)[longest_image_name]) noexcept {
    std::string_view name = process_path();
    const std::size_t separator = name.find_last_of("\\/");
    if (separator != std::string_view::npos) name.remove_prefix(separator + 1);
    if (name.size() > longest_image_name) name.remove_prefix(name.size() - longest_image_name);
    std::copy(name.begin(), name.end(), image);
}

}  // namespace

void record(const Flow& flow, int error) noexcept {
    if (!flow.decided || recorded_lately(flow)) return;
    const IpAddress destination = flow.destination.address.unmapped();
    const Decision& decision = flow.decision;
    const bool meant = decision.verdict == Verdict::refuse || flow.result == DecisionResult::otherwise_refuse;
    DecisionRecord entry;
    FILETIME time{};
    GetSystemTimeAsFileTime(&time);
    entry.time = std::uint64_t{time.dwHighDateTime} << 32U | time.dwLowDateTime;
    entry.process_id = GetCurrentProcessId();
    entry.rule = decision.rule;
    entry.policy_stamp = flow.policy_stamp;
    entry.error = static_cast<std::uint32_t>(error);
    entry.port = flow.destination.port;
    entry.protocol = static_cast<std::uint8_t>(flow.protocol);
    entry.verdict = static_cast<std::uint8_t>(decision.verdict);
    entry.reason = static_cast<std::uint8_t>(decision.reason);
    entry.result = static_cast<std::uint8_t>(error != 0 && !meant ? DecisionResult::failed : flow.result);
    entry.family = static_cast<std::uint8_t>(destination.family);
    std::copy(destination.bytes.begin(), destination.bytes.end(), entry.destination);
    std::copy(decision.source.bytes.begin(), decision.source.bytes.end(), entry.source);
    copy_image(entry.image);
    append(telemetry, entry);
}

}  // namespace lsp::provider
