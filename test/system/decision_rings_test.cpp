// The users' rings, as a provider writes them and as they are read.
#include "system/decision_rings.hpp"

#include <doctest/doctest.h>
#include <windows.h>
#include <winsock2.h>
// Below windows.h
#include <sddl.h>

#include "support.hpp"
#include "system/own_decision_ring.hpp"
#include "system/text.hpp"

using namespace lsp;
using namespace lsp::system;

namespace {

DecisionRecord record_of(std::uint32_t process) {
    DecisionRecord record;
    record.process_id = process;
    record.protocol = static_cast<std::uint8_t>(Protocol::tcp);
    record.family = static_cast<std::uint8_t>(Family::ipv4);
    return record;
}

// A section of this session, as any user can make one.
Handle make_section(const std::wstring& name, const wchar_t* sddl, std::size_t size) {
    SECURITY_ATTRIBUTES attributes{sizeof(attributes), nullptr, FALSE};
    REQUIRE(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1,
                                                                 &attributes.lpSecurityDescriptor, nullptr));
    Handle section(CreateFileMappingW(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, static_cast<DWORD>(size),
                                      (L"Local\\" + name).c_str()));
    LocalFree(attributes.lpSecurityDescriptor);
    REQUIRE(section);
    return section;
}

void write_into(HANDLE section, std::uint32_t process) {
    auto* const view = static_cast<DecisionSection*>(
        MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof(DecisionSection)));
    REQUIRE(view != nullptr);
    view->magic = DecisionSection::expected_magic;
    view->version = DecisionSection::expected_version;
    append(*view, record_of(process));
    UnmapViewOfFile(view);
}

bool has(std::uint32_t process) {
    for (const DecisionRing& ring : read_decision_rings()) {
        for (const RecordedDecision& decision : ring.read.decisions) {
            if (decision.process_id == process) return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("decision rings: what one's own programs record is read, whoever came first") {
    const Handle ring = open_own_decision_ring();
    REQUIRE(ring);
    write_into(ring.get(), 4711);
    CHECK(has(4711));
    const Handle again = open_own_decision_ring();
    REQUIRE(again);
    write_into(again.get(), 4712);
    CHECK(has(4711));
    CHECK(has(4712));
}

TEST_CASE("decision rings: one that another has made than its name tells is not read") {
    const std::wstring of_service = std::wstring(decision_ring_prefix) + L"S-1-5-19";
    const Handle forged = make_section(of_service, L"O:BAG:BAD:(A;;GA;;;WD)", sizeof(DecisionSection));
    write_into(forged.get(), 666);
    CHECK_FALSE(has(666));
    // A name that is no SID's, and one that is too small.
    const Handle odd = make_section(std::wstring(decision_ring_prefix) + L"nobody", L"O:BAG:BAD:(A;;GA;;;WD)",
                                    sizeof(DecisionSection));
    write_into(odd.get(), 667);
    CHECK_FALSE(has(667));
    const Handle small =
        make_section(std::wstring(decision_ring_prefix) + L"S-1-5-32-544", L"O:BAG:BAD:(A;;GA;;;WD)", 16);
    for (const DecisionRing& ring : read_decision_rings()) CHECK_FALSE(contains(ring.name, "S-1-5-32-544"));
}

TEST_CASE("decision rings: the user, SYSTEM and the Administrators may have it, and nobody else") {
    const Handle ring = open_own_decision_ring();
    REQUIRE(ring);
    alignas(std::max_align_t) unsigned char descriptor[1024];
    DWORD size = 0;
    REQUIRE(GetKernelObjectSecurity(ring.get(), DACL_SECURITY_INFORMATION, descriptor, sizeof(descriptor), &size));
    wchar_t* text = nullptr;
    REQUIRE(ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION,
                                                                 &text, nullptr));
    const std::string rights = narrow(text);
    LocalFree(text);
    CAPTURE(rights);
    CHECK(contains(rights, ";;;SY)"));
    CHECK(contains(rights, ";;;BA)"));
    CHECK_FALSE(contains(rights, ";;;WD)"));
    std::size_t entries = 0;
    for (const char c : rights) entries += c == '(' ? 1 : 0;
    CHECK(entries == 3);
}
