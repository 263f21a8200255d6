// The choice of `install --over` as text, and how it is remembered.
#include "setup/over.hpp"

#include <doctest/doctest.h>

#include "../system/support.hpp"
#include "setup/tunnels/policy_store_write.hpp"

using namespace lsp::setup;

TEST_CASE("a choice is read and written as the same text") {
    const struct {
        const wchar_t* text;
        Over over;
    } situations[] = {
        {L"all", {}},
        {L"tcp", {true, false, false, {}}},
        {L"udp,raw", {false, true, true, {}}},
        {L"1001,4294967295", {false, false, false, {1001, 4294967295}}},
        {L"tcp,1002", {true, false, false, {1002}}},
    };
    for (const auto& [text, over] : situations) {
        const auto parsed = parse_over(text);
        REQUIRE(parsed);
        CHECK(*parsed == over);
        CHECK(to_text(over) == text);
    }
    CHECK(*parse_over(L"raw,udp,tcp") == Over{});
    CHECK(*parse_over(L"7,7,tcp,tcp") == Over{true, false, false, {7}});
}

TEST_CASE("what is no choice is none") {
    for (const wchar_t* text : {L"", L",", L"tcp,", L",tcp", L"all,tcp", L"TCP", L"icmp", L"0", L"-1", L"4294967296",
                                L"99999999999999999999", L"1 2", L"0x10", L"tcp udp"}) {
        CHECK_FALSE(parse_over(text));
    }
    std::wstring many = L"1";
    for (int id = 2; id <= 65; ++id) many += L"," + std::to_wstring(id);
    CHECK_FALSE(parse_over(many));
}

TEST_CASE("a choice is remembered in the policy store; everything is remembered as nothing") {
    REQUIRE(delete_policy_store());
    CHECK_FALSE(remembered_over());
    REQUIRE(remember_over(Over{}));
    CHECK_FALSE(remembered_over());
    const Over some{true, false, false, {1002}};
    REQUIRE(remember_over(some));
    CHECK(remembered_over() == some);
    for (const wchar_t* garbage : {L"", L"everything", L"tcp,"}) {
        write_raw(L"", L"Over", REG_SZ, garbage, std::wcslen(garbage) * sizeof(wchar_t));
        CHECK_FALSE(remembered_over());
    }
    write_raw(L"", L"Over", REG_DWORD, "\1\0\0", 4);
    CHECK_FALSE(remembered_over());
    REQUIRE(remember_over(some));
    REQUIRE(remember_over(Over{}));
    CHECK_FALSE(remembered_over());
    REQUIRE(delete_policy_store());
}
