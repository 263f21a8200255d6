#include "handles.h"

#include "startup.h"

namespace test_winsock {
namespace {
// Handle values are multiples of 4; two levels of 4096 entries reach up to 64 Mi.
constexpr std::size_t pageBits = 12;
constexpr std::size_t pageSize = 1u << pageBits;

struct Page {
    std::atomic<ProtocolItem*> items[pageSize];
};

std::atomic<Page*> pages[pageSize];

std::atomic<ProtocolItem*>* find(SOCKET socket) {
    const std::size_t index = socket >> 2;
    if (index >= pageSize * pageSize) return nullptr;
    Page* page = pages[index >> pageBits].load(std::memory_order_acquire);
    return page ? &page->items[index & (pageSize - 1)] : nullptr;
}

std::atomic<ProtocolItem*>* findOrCreate(SOCKET socket) {
    const std::size_t index = socket >> 2;
    if (index >= pageSize * pageSize) return nullptr;
    if (!find(socket)) {
        Page* expected = nullptr;
        Page* fresh = new Page{};
        if (!pages[index >> pageBits].compare_exchange_strong(expected, fresh)) delete fresh;
    }
    return find(socket);
}

// Answers the catalog entry that the provider names for the handle, if it knows the handle.
ProtocolItem* askProvider(ProtocolItem& item, SOCKET socket) {
    WSAPROTOCOL_INFOW info{};
    int length = sizeof info;
    int error = 0;
    if (StartProvider(item) != 0 ||
        item.provider->table.lpWSPGetSockOpt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info),
                                             &length, &error) != 0)
        return nullptr;
    ProtocolItem* found = FindProtocolItem(info.dwCatalogEntryId);
    return found && StartProvider(*found) == 0 ? found : nullptr;
}
}  // namespace

bool SetSocketItem(SOCKET socket, ProtocolItem* item) {
    auto* slot = findOrCreate(socket);
    if (slot) slot->store(item, std::memory_order_release);
    return slot != nullptr;
}

ProtocolItem* TakeSocketItem(SOCKET socket) {
    auto* slot = find(socket);
    return slot ? slot->exchange(nullptr, std::memory_order_acq_rel) : nullptr;
}

ProtocolItem* GetSocketItem(SOCKET socket) {
    auto* slot = find(socket);
    return slot ? slot->load(std::memory_order_acquire) : nullptr;
}

ProtocolItem* ResolveSocket(SOCKET socket, int& error) {
    if (ProtocolItem* item = GetSocketItem(socket)) {
        // WPUModifyIFSHandle can name an entry whose provider was started from below, by another LSP only.
        error = StartProvider(*item);
        return error ? nullptr : item;
    }
    error = WSAENOTSOCK;
    if (socket == INVALID_SOCKET || socket == 0) return nullptr;
    RefreshProtocolItems();
    // Entry after entry, hidden ones too, whether or not one of the same provider has been asked: as NT's ws2_32 was
    // seen to do.
    for (ProtocolItem* item : ProtocolItems()) {
        if (!(item->info().dwServiceFlags1 & XP1_IFS_HANDLES)) continue;
        if (ProtocolItem* found = askProvider(*item, socket)) {
            SetSocketItem(socket, found);
            return found;
        }
    }
    return nullptr;
}

void ForgetSocketItems() {
    for (auto& slot : pages)
        if (Page* page = slot.load())
            for (auto& item : page->items) item.store(nullptr);
}
}  // namespace test_winsock
