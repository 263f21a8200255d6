// The DLL in a program that has no memory left. A 32-bit one only: of a 64-bit one's address space nobody sees the end.
#ifndef _WIN64

#include <doctest/doctest.h>
#include <winsock2.h>

#include <cstdlib>

#include "system/catalog.hpp"

namespace {

// All of the address space and of the heap, until it is released.
class AllMemory {
  public:
    AllMemory() {
        for (SIZE_T size = 1u << 30; size >= 1u << 16; size /= 2) {
            while (void* const block = VirtualAlloc(nullptr, size, MEM_RESERVE, PAGE_NOACCESS)) {
                reserved_[count_] = block;
                if (++count_ == capacity) return;
            }
        }
        for (size_t size = 1u << 16; size >= sizeof(void*); size /= 2) {
            while (void* const block = std::malloc(size)) {
                *static_cast<void**>(block) = blocks_;
                blocks_ = block;
            }
        }
    }
    ~AllMemory() {
        while (blocks_ != nullptr) {
            void* const block = blocks_;
            blocks_ = *static_cast<void**>(block);
            std::free(block);
        }
        while (count_ > 0) VirtualFree(reserved_[--count_], 0, MEM_RELEASE);
    }
    AllMemory(const AllMemory&) = delete;
    AllMemory& operator=(const AllMemory&) = delete;

    bool all() const { return count_ < capacity; }

  private:
    static constexpr int capacity = 60'000;
    static inline void* reserved_[capacity];
    int count_ = 0;
    void* blocks_ = nullptr;
};

HMODULE load_installed_dll() {
    const auto catalog = lsp::system::enumerate_catalog();
    if (!catalog) return nullptr;
    for (const auto& entry : *catalog) {
        if (entry.ours && entry.is_layered()) return LoadLibraryW(entry.path.c_str());
    }
    return nullptr;
}

}  // namespace

TEST_SUITE_BEGIN("out-of-memory");

// GCC's own start-up code registers a DLL's unwind tables with libgcc_s_dw2-1.dll where that is loaded, although the
// unwinder that is linked into the DLL will look for them in itself; it would end the program.
TEST_CASE("a plugin that gets no memory opens and publishes nothing, also in a program that was made by GCC") {
    REQUIRE(LoadLibraryW(L"libgcc_s_dw2-1.dll"));
    const HMODULE dll = load_installed_dll();
    REQUIRE(dll);
    const auto symbol = [dll](const char* name) { return reinterpret_cast<void*>(GetProcAddress(dll, name)); };
    using Open = void*(unsigned*, const char* const*, const char* const*);
    const auto open = reinterpret_cast<Open*>(symbol("openvpn_plugin_open_v1"));
    using Event = int(void*, int, const char* const*, const char* const*);
    const auto event = reinterpret_cast<Event*>(symbol("openvpn_plugin_func_v1"));
    using Close = void(void*);
    const auto close = reinterpret_cast<Close*>(symbol("openvpn_plugin_close_v1"));
    REQUIRE(bool(open));
    REQUIRE(bool(event));
    REQUIRE(bool(close));
    constexpr int up = 0, route_up = 2;
    unsigned events = 0;
    bool all = false;
    void* without = nullptr;
    int results[2] = {-1, -1};
    {
        const AllMemory memory;
        all = memory.all();
        // A plugin that does not open ends OpenVPN.
        without = open(&events, nullptr, nullptr);
        results[0] = event(without, up, nullptr, nullptr);
        results[1] = event(without, route_up, nullptr, nullptr);
        close(without);
    }
    CHECK(all);
    CHECK(without != nullptr);
    CHECK(results[0] == 0);
    CHECK(results[1] == 1);
}

TEST_SUITE_END();

#endif
