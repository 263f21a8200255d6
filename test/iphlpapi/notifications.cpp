// NotifyRouteChange2 and NotifyUnicastIpAddressChange: Wine's say that they will tell, and never do. Here a thread
// compares the tables ten times a second. (That the product itself has no thread is no concern of this.)
#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "recording.h"
#include "wine.h"

namespace test_iphlpapi {
namespace {

constexpr DWORD intervalMilliseconds = 100;

using Callback = void(WINAPI*)(void* context, void* row, MIB_NOTIFICATION_TYPE kind);
enum class Kind { routes, addresses };

struct Registration {
    Kind kind;
    ADDRESS_FAMILY family;
    Callback callback;
    void* context;
    std::vector<std::string> seen;
};

// Held while callbacks run, so that CancelMibChangeNotify2 waits for them, as Windows' does. Recursive: a callback may
// ask for more.
std::recursive_mutex mutex;
std::vector<Registration*> registrations;
bool watching = false;

template <typename Row>
std::string Words(const Row& row, std::size_t from, std::size_t to) {
    return std::string(reinterpret_cast<const char*>(&row) + from, to - from);
}

// Of each route or address what makes it another one.
std::vector<std::string> Look(Kind kind, ADDRESS_FAMILY family) {
    std::vector<std::string> found;
    if (kind == Kind::routes) {
        auto* const table = Routes();
        for (ULONG i = 0; table && i < table->NumEntries; ++i) {
            const MIB_IPFORWARD_ROW2& row = table->Table[i];
            if (family != AF_UNSPEC && row.DestinationPrefix.Prefix.si_family != family) continue;
            found.push_back(Words(row, 0, offsetof(MIB_IPFORWARD_ROW2, SitePrefixLength)) +
                            Words(row.Metric, 0, sizeof row.Metric));
        }
        Free(table);
    } else {
        auto* const table = Addresses();
        for (ULONG i = 0; table && i < table->NumEntries; ++i) {
            const MIB_UNICASTIPADDRESS_ROW& row = table->Table[i];
            if (family != AF_UNSPEC && row.Address.si_family != family) continue;
            found.push_back(Words(row, 0, offsetof(MIB_UNICASTIPADDRESS_ROW, PrefixOrigin)) +
                            static_cast<char>(row.OnLinkPrefixLength));
        }
        Free(table);
    }
    std::sort(found.begin(), found.end());
    return found;
}

DWORD WINAPI Watch(void*) {
    for (;;) {
        Sleep(intervalMilliseconds);
        const std::lock_guard lock(mutex);
        for (Registration* each : std::vector(registrations)) {
            if (std::find(registrations.begin(), registrations.end(), each) == registrations.end()) continue;
            auto now = Look(each->kind, each->family);
            if (now == each->seen) continue;
            each->seen = std::move(now);
            // Windows gives the row; who needs it has to ask for it all the same, for another may have changed
            // meanwhile.
            each->callback(each->context, nullptr, MibParameterNotification);
        }
    }
}

DWORD Register(Kind kind, ADDRESS_FAMILY family, Callback callback, void* context, BOOLEAN initial, HANDLE* handle) {
    if (!callback || !handle) return ERROR_INVALID_PARAMETER;
    const std::lock_guard lock(mutex);
    auto* const registration = new Registration{kind, family, callback, context, Look(kind, family)};
    registrations.push_back(registration);
    *handle = registration;
    if (!watching) {
        const HANDLE thread = CreateThread(nullptr, 0, Watch, nullptr, 0, nullptr);
        if (thread) CloseHandle(thread);
        watching = thread != nullptr;
    }
    Record(std::string("\"call\":\"") + (kind == Kind::routes ? "NotifyRouteChange2" : "NotifyUnicastIpAddressChange") +
           "\",\"error\":0");
    if (initial) callback(context, nullptr, MibInitialNotification);
    return NO_ERROR;
}

}  // namespace
}  // namespace test_iphlpapi

using namespace test_iphlpapi;

IPHLPAPI_EXPORT(NotifyRouteChange2, ADDRESS_FAMILY family, Callback callback, void* context, BOOLEAN initial,
                HANDLE* handle) {
    return Register(Kind::routes, family, callback, context, initial, handle);
}

IPHLPAPI_EXPORT(NotifyUnicastIpAddressChange, ADDRESS_FAMILY family, Callback callback, void* context, BOOLEAN initial,
                HANDLE* handle) {
    return Register(Kind::addresses, family, callback, context, initial, handle);
}

IPHLPAPI_EXPORT(CancelMibChangeNotify2, HANDLE handle) {
    const std::lock_guard lock(mutex);
    const auto found = std::find(registrations.begin(), registrations.end(), static_cast<Registration*>(handle));
    // Wine's own handles are those of its other notifications, which are never told.
    if (found == registrations.end()) return NO_ERROR;
    delete *found;
    registrations.erase(found);
    return NO_ERROR;
}
