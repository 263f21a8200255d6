#include "catalog_watch.h"

#include <windows.h>

#include "catalog_store.h"
#include "registry_tree.h"

namespace test_winsock {
namespace {
// Windows' ws2_32 does as much: the registry sets an event, which is looked at whenever the catalog is needed.
class Watch {
  public:
    Watch() {
        event_ = CreateEventW(nullptr, FALSE, TRUE, nullptr);
        RegCreateKeyExW(HKEY_LOCAL_MACHINE, catalogParametersPath, 0, nullptr, 0, KEY_NOTIFY, nullptr, &key_, nullptr);
    }
    bool fired() {
        if (WaitForSingleObject(event_, 0) != WAIT_OBJECT_0) return false;
        // Before the catalog is read: what changes meanwhile then counts for the next time.
        RegNotifyChangeKeyValue(key_, TRUE, REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET, event_, TRUE);
        return true;
    }

  private:
    HANDLE event_ = nullptr;
    HKEY key_ = nullptr;
};
}  // namespace

bool CatalogMayHaveChanged() {
    if (RegistryTree::IsInMemory()) return false;
    static Watch watch;  // as long as the process
    return watch.fired();
}
}  // namespace test_winsock
