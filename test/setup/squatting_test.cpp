// What any user can do to the names of our locks keeps nobody from installing, publishing and setting rules.
#include <doctest/doctest.h>

#include "../system/children.hpp"
#include "../system/support.hpp"
#include "setup/catalog_lock.hpp"
#include "setup/file_lock.hpp"
#include "setup/setup.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "setup/tunnels/tunnels.hpp"

using namespace lsp::setup;

namespace {

bool is_there(const std::wstring& path) { return GetFileAttributesW(path.c_str()) != INVALID_FILE_ATTRIBUTES; }

// Waits until the child has what it is to make.
bool eventually(bool (*has)()) {
    for (int i = 0; i < 500; ++i) {
        if (has()) return true;
        Sleep(20);
    }
    return false;
}

// Whatever it may be, and whoever may open it.
bool is_squatted() {
    const HANDLE mutex = CreateMutexW(nullptr, FALSE, L"Local\\winsock-lsp-policy");
    const DWORD error = GetLastError();
    if (mutex != nullptr) CloseHandle(mutex);
    return error == ERROR_ALREADY_EXISTS || error == ERROR_ACCESS_DENIED || error == ERROR_INVALID_HANDLE;
}

bool is_catalog_held() { return is_there(FileLock::path_of(L"winsock-lsp-catalog")); }

struct Patience {
    Patience() { CatalogLock::set_patience(500); }
    ~Patience() { CatalogLock::set_patience(0); }
};

}  // namespace

TEST_CASE("squatting: named objects of anybody's keep nobody from the catalog, the tunnels and the policy") {
    const Patience patience;
    for (const wchar_t* how : {L"open", L"denied", L"event"}) {
        CAPTURE(how);
        const Child squatter(std::wstring(L"child-squat ") + how);
        REQUIRE(eventually(is_squatted));
        const DWORD started = GetTickCount();
        const auto lock = CatalogLock::take();
        CHECK_MESSAGE(lock, message_of(lock));
        const auto withdrawn = withdraw_tunnel("nobody's");
        CHECK(code_of(withdrawn) == "ERROR_FILE_NOT_FOUND");
        const auto set = write_policy({"to 10.0.0.0/8 keep"});
        CHECK_MESSAGE(set, message_of(set));
        CHECK(GetTickCount() - started < 5000);
        CHECK(delete_policy_store());
    }
}

TEST_CASE("squatting: a lock is one process's at a time, and free again when that is killed") {
    const Patience patience;
    Child holder(L"child-hold winsock-lsp-catalog");
    REQUIRE(eventually(is_catalog_held));
    const auto busy = CatalogLock::take();
    CHECK(code_of(busy) == "ERR_CATALOG_BUSY");
    CHECK(contains(message_of(busy), "another process"));
    holder.kill();
    {
        const auto lock = CatalogLock::take();
        CHECK_MESSAGE(lock, message_of(lock));
        CHECK(code_of(CatalogLock::take()) == "ERR_CATALOG_BUSY");
    }
    CHECK_FALSE(is_catalog_held());  // nothing is left over
}

TEST_CASE("squatting: what a killed process or a crash of the machine has left is taken over") {
    const std::wstring path = FileLock::path_of(L"winsock-lsp-policy");
    const HANDLE file = CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, 0, nullptr);
    REQUIRE(file != INVALID_HANDLE_VALUE);
    CloseHandle(file);
    const auto set = write_policy({"to 10.0.0.0/8 keep"});
    CHECK_MESSAGE(set, message_of(set));
    CHECK(delete_policy_store());
    CHECK_FALSE(is_there(path));
}
