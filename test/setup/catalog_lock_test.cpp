// Installing and removing while another thread, which stands for another process, changes the catalog.
#include "setup/catalog_lock.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "../system/support.hpp"
#include "setup/cancel.hpp"
#include "setup/setup.hpp"

using namespace lsp::setup;

namespace {

// Holds the lock while it lives.
class Busy {
  public:
    Busy()
        : holder_([this] {
              const auto lock = CatalogLock::take();
              holds_ = true;
              while (!done_) Sleep(5);
          }) {
        while (!holds_) Sleep(5);
    }
    ~Busy() { release(); }
    void release() {
        done_ = true;
        if (holder_.joinable()) holder_.join();
    }

  private:
    std::atomic<bool> holds_{false}, done_{false};
    std::thread holder_;  // last: it uses the others
};

struct Patience {
    explicit Patience(unsigned long milliseconds) { CatalogLock::set_patience(milliseconds); }
    ~Patience() { CatalogLock::set_patience(0); }
};

InstallOptions options_of(const std::wstring& dll) {
    InstallOptions options;
    options.dll = dll;
    return options;
}

}  // namespace

TEST_CASE("while another process changes the catalog, install and remove give up after a while") {
    Busy busy;
    const Patience patience(300);
    const DWORD started = GetTickCount();
    const auto installed = install_provider(options_of(fake_provider_path()));
    CHECK(code_of(installed) == "ERR_CATALOG_BUSY");
    CHECK(contains(message_of(installed), "another process"));
    CHECK(code_of(remove_provider()) == "ERR_CATALOG_BUSY");
    CHECK(GetTickCount() - started >= 500);
}

TEST_CASE("waiting for another process can be called off") {
    Busy busy;
    std::atomic<bool> called_off{false};
    std::thread later([&] {
        Sleep(150);
        called_off = true;
    });
    const CancelScope scope(&called_off);
    CHECK(code_of(remove_provider()) == "ERR_ABORTED");
    CHECK(code_of(install_provider(options_of(fake_provider_path()))) == "ERR_ABORTED");
    later.join();
    SUBCASE("within its scope only") {
        const CancelScope none(nullptr);
        busy.release();
        CHECK(code_of(remove_provider()) != "ERR_ABORTED");
    }
}

TEST_CASE("a DLL cannot be deleted or renamed while install waits, once it is judged") {
    std::optional<Busy> busy(std::in_place);
    const std::wstring dll = write_temporary(L"passing.dll", bytes_of(fake_provider_path()));
    std::string code;
    std::thread installer([&] { code = code_of(install_provider(options_of(dll))); });
    Sleep(500);  // it has checked the DLL by then, and waits
    CHECK_FALSE(DeleteFileW(dll.c_str()));
    CHECK_FALSE(MoveFileExW(dll.c_str(), (dll + L".old").c_str(), 0));
    busy.reset();
    installer.join();
    CHECK(code != "ERROR_FILE_NOT_FOUND");
    CHECK(DeleteFileW(dll.c_str()));
}
