#include "system/host_model.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <tuple>

#include "support.hpp"

using namespace lsp;
using namespace lsp::system;

namespace {

// Stands in for the system: rows by interface and family, a log of what was set, and errors to give.
struct HostModelDouble {
    std::map<std::pair<ULONG, ADDRESS_FAMILY>, MIB_IPINTERFACE_ROW> rows;
    std::vector<std::string> log;
    std::map<ULONG, DWORD> errors_on_set;  // by interface
};
HostModelDouble* active = nullptr;

void WINAPI initialize(MIB_IPINTERFACE_ROW* row) { *row = MIB_IPINTERFACE_ROW{}; }

DWORD WINAPI get(MIB_IPINTERFACE_ROW* row) {
    const auto found = active->rows.find({row->InterfaceIndex, row->Family});
    if (found == active->rows.end()) return ERROR_FILE_NOT_FOUND;
    *row = found->second;
    return NO_ERROR;
}

DWORD WINAPI set(MIB_IPINTERFACE_ROW* row) {
    // As Windows does.
    if (row->Family == AF_INET && row->SitePrefixLength != 0) return ERROR_INVALID_PARAMETER;
    if (const auto error = active->errors_on_set.find(row->InterfaceIndex); error != active->errors_on_set.end()) {
        return error->second;
    }
    MIB_IPINTERFACE_ROW& stored = active->rows.at({row->InterfaceIndex, row->Family});
    active->log.push_back(std::to_string(row->InterfaceIndex) + " send=" + std::to_string(row->WeakHostSend) +
                          " receive=" + std::to_string(row->WeakHostReceive));
    stored.WeakHostSend = row->WeakHostSend;
    stored.WeakHostReceive = row->WeakHostReceive;
    return NO_ERROR;
}

constexpr std::uint32_t physical = 5, tunnel = 9;

struct Fixture : HostModelDouble {
    HostModelFunctions functions{&initialize, &get, &set, false};

    Fixture() {
        active = this;
        for (const ULONG index : {physical, tunnel}) {
            for (const ADDRESS_FAMILY family : {AF_INET, AF_INET6}) {
                MIB_IPINTERFACE_ROW row{};
                row.InterfaceIndex = index;
                row.Family = family;
                row.SitePrefixLength = 64;
                row.Metric = 25;
                rows[{index, family}] = row;
            }
        }
    }
    MIB_IPINTERFACE_ROW& row(std::uint32_t index, ADDRESS_FAMILY family = AF_INET) { return rows.at({index, family}); }
};

using Setting = HostModelChange::Setting;
using Log = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "weak host: send on the source's interface, receive on the tunnel's, and nothing else") {
    const auto changes = enable_weak_host(functions, physical, tunnel, Family::ipv4);
    REQUIRE_MESSAGE(changes, message_of(changes));
    CHECK(log == Log{"5 send=1 receive=0", "9 send=0 receive=1"});
    CHECK(*changes == std::vector<HostModelChange>{{physical, Family::ipv4, Setting::weak_host_send, false},
                                                   {tunnel, Family::ipv4, Setting::weak_host_receive, false}});
    CHECK_FALSE(row(physical, AF_INET6).WeakHostSend);
    CHECK(row(physical).Metric == 25);
}

TEST_CASE_FIXTURE(Fixture, "weak host: IPv6 is switched for IPv6") {
    REQUIRE(enable_weak_host(functions, physical, tunnel, Family::ipv6));
    CHECK(row(physical, AF_INET6).WeakHostSend);
    CHECK(row(tunnel, AF_INET6).WeakHostReceive);
    CHECK_FALSE(row(physical).WeakHostSend);
}

TEST_CASE_FIXTURE(Fixture, "weak host: what is on already is neither set nor reported") {
    row(physical).WeakHostSend = TRUE;
    row(tunnel).WeakHostReceive = TRUE;
    const auto changes = enable_weak_host(functions, physical, tunnel, Family::ipv4);
    REQUIRE(changes);
    CHECK(changes->empty());
    CHECK(log.empty());
}

TEST_CASE_FIXTURE(Fixture, "weak host: if the second switch fails the first is put back") {
    errors_on_set[tunnel] = ERROR_ACCESS_DENIED;
    const auto changes = enable_weak_host(functions, physical, tunnel, Family::ipv4);
    REQUIRE_FALSE(changes);
    CHECK(changes.error().code == "ERROR_ACCESS_DENIED");
    CHECK(changes.error().syscall == "SetIpInterfaceEntry");
    CHECK(contains(changes.error().message, "WeakHostReceive on interface 9"));
    CHECK(contains(changes.error().message, "elevated"));
    CHECK(log == Log{"5 send=1 receive=0", "5 send=0 receive=0"});
}

TEST_CASE_FIXTURE(Fixture, "weak host: an interface that is not there is ERROR_NOT_FOUND, and nothing is changed") {
    const auto changes = enable_weak_host(functions, physical, 77, Family::ipv4);
    CHECK(code_of(changes) == "ERROR_NOT_FOUND");
    CHECK_FALSE(row(physical).WeakHostSend);
}

TEST_CASE_FIXTURE(Fixture, "weak host: restoring puts back what was changed, in reverse") {
    const auto changes = enable_weak_host(functions, physical, tunnel, Family::ipv4);
    REQUIRE(changes);
    log.clear();
    CHECK(restore_host_model(functions, *changes));
    CHECK(log == Log{"9 send=0 receive=0", "5 send=0 receive=0"});
}

TEST_CASE_FIXTURE(Fixture, "weak host: restoring goes on after an error and tells the first") {
    const auto changes = enable_weak_host(functions, physical, tunnel, Family::ipv4);
    REQUIRE(changes);
    errors_on_set[tunnel] = ERROR_GEN_FAILURE;
    const auto outcome = restore_host_model(functions, *changes);
    CHECK(code_of(outcome) == "ERROR_GEN_FAILURE");
    CHECK_FALSE(row(physical).WeakHostSend);
}

TEST_CASE_FIXTURE(Fixture, "weak host: an interface that went away needs no restoring") {
    const auto changes = enable_weak_host(functions, physical, tunnel, Family::ipv4);
    REQUIRE(changes);
    rows.erase({tunnel, AF_INET});
    CHECK(restore_host_model(functions, *changes));
    CHECK_FALSE(row(physical).WeakHostSend);
}

TEST_CASE("weak host: without SetIpInterfaceEntry only a weak system is good") {
    HostModelFunctions none;
    CHECK(code_of(enable_weak_host(none, physical, tunnel, Family::ipv4)) == "ERR_HOST_MODEL");
    none.weak_by_nature = true;
    const auto changes = enable_weak_host(none, physical, tunnel, Family::ipv4);
    REQUIRE(changes);
    CHECK(changes->empty());
    CHECK(restore_host_model(none, {{physical, Family::ipv4, Setting::weak_host_send, false}}));
}
