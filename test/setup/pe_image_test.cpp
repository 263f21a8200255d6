#include "setup/pe_image.hpp"

#include <doctest/doctest.h>

#include "../system/support.hpp"
#include "core/policy.hpp"

using namespace lsp::setup;

TEST_CASE("a DLL's machine and exports are read from its file") {
    PeImage image;
    REQUIRE(parse_pe(bytes_of(fake_provider_path()), image));
    CHECK(image.is_dll);
    CHECK(image.machine == (sizeof(void*) == 8 ? IMAGE_FILE_MACHINE_AMD64 : IMAGE_FILE_MACHINE_I386));
    CHECK(image.has_export("WSPStartup"));
    CHECK(image.has_export("GetLspGuid"));
    CHECK_FALSE(image.has_export("WSPStartu"));
}

TEST_CASE("what a DLL understands of policies is read from its file") {
    PeImage image;
    const std::vector<unsigned char> provider = bytes_of(fake_provider_path());
    REQUIRE(parse_pe(provider, image));
    CHECK(image.policy_grammar == lsp::policy_grammar);
    REQUIRE(parse_pe(provider_of_grammar(provider, 0), image));
    CHECK(image.policy_grammar == 0U);
    REQUIRE(parse_pe(provider_of_grammar(provider, 4711), image));
    CHECK(image.policy_grammar == 4711U);
    REQUIRE(parse_pe(provider_without_grammar(provider), image));
    CHECK_FALSE(image.policy_grammar);
}

TEST_CASE("a program is not a DLL") {
    PeImage image;
    REQUIRE(parse_pe(bytes_of(own_path()), image));
    CHECK_FALSE(image.is_dll);
}

TEST_CASE("what is not a PE image is refused") {
    PeImage image;
    CHECK_FALSE(parse_pe({}, image));
    CHECK_FALSE(parse_pe({'M', 'Z'}, image));
    CHECK_FALSE(parse_pe(std::vector<unsigned char>(4096, 0), image));
    CHECK_FALSE(parse_pe(std::vector<unsigned char>(4096, 0xff), image));
}

TEST_CASE("a cut or scrambled DLL never makes the reader leave its bytes") {
    const std::vector<unsigned char> good = bytes_of(fake_provider_path());
    PeImage image;
    for (std::size_t length = 0; length < good.size(); length += length < 2048 ? 7 : 997) {
        parse_pe(std::vector<unsigned char>(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)), image);
    }
    unsigned random = 1;
    for (int round = 0; round < 500; ++round) {
        std::vector<unsigned char> bad = good;
        for (int i = 0; i < 20; ++i) {
            random = random * 1664525 + 1013904223;
            bad[(random >> 8) % (round % 2 == 0 ? 1024 : bad.size())] = static_cast<unsigned char>(random >> 24);
        }
        parse_pe(bad, image);
    }
    CHECK(true);
}
