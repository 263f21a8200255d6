#include "process.hpp"

#include <windows.h>

#include <atomic>

#include "../system/pages.hpp"
#include "image_path.hpp"

namespace lsp::provider {

namespace {

constexpr int path_capacity = 4096;
char path[path_capacity];
std::atomic<int> path_length{0};

// Of a path that does not fit, the end counts: rules name such programs by their base name.
int copy_end(const wchar_t* wide, DWORD length) {
    constexpr DWORD units = path_capacity / 3;  // a UTF-16 unit takes three bytes of UTF-8 at most
    const DWORD skipped = length > units ? length - units : 0;
    return WideCharToMultiByte(CP_UTF8, 0, wide + skipped, static_cast<int>(length - skipped), path, path_capacity,
                               nullptr, nullptr);
}

}  // namespace

bool remember_process() noexcept {
    // A policy is indexed for the path once and for all, so no thread goes on without it.
    enum : int { unknown, being_asked, known };
    static std::atomic<int> progress{unknown};
    for (;;) {
        int expected = unknown;
        if (progress.compare_exchange_strong(expected, being_asked, std::memory_order_acquire)) break;
        if (expected == known) return true;
        Sleep(0);
    }
    system::Pages memory;
    const bool there = memory.allocate(2 * image_path_capacity * sizeof(wchar_t));
    if (there) {
        auto* const wide = static_cast<wchar_t*>(memory.get());
        const DWORD length = find_image_path(wide, wide + image_path_capacity);
        path_length.store(copy_end(wide, length), std::memory_order_release);
    }
    progress.store(there ? known : unknown, std::memory_order_release);
    return there;
}

std::string_view process_path() noexcept {
    return {path, static_cast<std::size_t>(path_length.load(std::memory_order_acquire))};
}

}  // namespace lsp::provider
