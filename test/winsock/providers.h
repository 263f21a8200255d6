// The process's view of the protocol catalog, and the transport providers it has started.
#pragma once

#include <ws2spi.h>

#include <atomic>
#include <memory>

#include "catalog.h"

namespace test_winsock {
// One per provider GUID: Windows calls WSPStartup once for all catalog entries of a provider.
struct Provider {
    GUID id;
    std::wstring path;
    WSPPROC_TABLE table{};
    HMODULE module = nullptr;
    std::atomic<bool> started = false;
};

// One catalog entry as the process has it. Never freed: sockets and other threads may still refer to it.
struct ProtocolItem {
    CatalogEntry entry;
    Provider* provider;

    const WSAPROTOCOL_INFOW& info() const { return entry.info; }
    DWORD id() const { return entry.info.dwCatalogEntryId; }
};

// From now on the process has this catalog. What is in it as before keeps its item, and its provider stays started.
void SetProtocolItems(const ProtocolCatalog& catalog);

// In catalog order. What is answered stays valid, and as it is, for ever.
const std::vector<ProtocolItem*>& ProtocolItems();
ProtocolItem* FindProtocolItem(DWORD entryId);

// The next entry, after `after` (null: from the first), that a socket of these may be created through.
// Null: none; `error` then is the Winsock error that socket() gives.
ProtocolItem* SelectProtocolItem(int family, int type, int protocol, const ProtocolItem* after, int& error);

// Loads and starts the item's provider if that has not happened. A Winsock error, or 0.
int StartProvider(ProtocolItem& item);

// WSPCleanup for every provider that was started.
void CleanUpProviders();
}  // namespace test_winsock
