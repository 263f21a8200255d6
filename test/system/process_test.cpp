#include "system/process.hpp"

#include <doctest/doctest.h>
#include <sddl.h>

#include "children.hpp"
#include "support.hpp"
#include "system/policy_store.hpp"
#include "system/policy_watch.hpp"

using namespace lsp;
using namespace lsp::system;

namespace {

// Nobody may open it, but by a handle that is there already: Child's.
bool forbid(HANDLE process) {
    PSECURITY_DESCRIPTOR nobody = nullptr;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(L"D:P", SDDL_REVISION_1, &nobody, nullptr)) return false;
    const bool set = SetKernelObjectSecurity(process, DACL_SECURITY_INFORMATION, nobody) != FALSE;
    LocalFree(nobody);
    return set;
}

}  // namespace

TEST_CASE("a process is found in the system's list by its id and start time, and not once it has ended") {
    CHECK(find_listed_process(current_process()) == ProcessState::running);
    Child child(L"child-wait");
    const Publisher publisher{child.id(), child.started()};
    CHECK(find_listed_process(publisher) == ProcessState::running);
    CHECK(find_listed_process({publisher.process_id, publisher.started + 1}) == ProcessState::gone);
    CHECK(find_listed_process({publisher.process_id, publisher.started - 1}) == ProcessState::gone);
    CHECK(find_listed_process({0xFFFFFFF0, publisher.started}) == ProcessState::gone);
    child.kill();
    CHECK(find_listed_process(publisher) == ProcessState::gone);
}

TEST_CASE("a publisher that may not be opened is alive until it has ended") {
    Child child(L"child-wait");
    const Publisher publisher{child.id(), child.started()};
    REQUIRE(forbid(child.handle()));
    const Handle opened(OpenProcess(PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, publisher.process_id));
    REQUIRE_FALSE(opened);
    Handle process;
    CHECK(find_process(publisher, process) == ProcessState::running);
    CHECK_FALSE(process);
    CHECK(is_alive(publisher));
    CHECK_FALSE(is_alive({publisher.process_id, publisher.started + 1}));

    PolicyWatch watch;
    CHECK(watch.changed());
    watch.watch_publishers({&publisher, 1});
    CHECK_FALSE(watch.changed());
    child.kill();
    bool told = false;
    for (int i = 0; i < 30 && !told; ++i) {
        Sleep(100);
        told = static_cast<bool>(watch.changed());
    }
    CHECK(told);
    CHECK_FALSE(is_alive(publisher));
}
