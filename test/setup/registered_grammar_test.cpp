// A policy beside DLLs that are older than it: fake ones whose files say so, in either catalog.
#include "setup/registered_grammar.hpp"

#include <doctest/doctest.h>

#include "../system/support.hpp"
#include "core/policy.hpp"
#include "fresh_catalog.hpp"
#include "setup/doctor.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/policy_store.hpp"

namespace {

using Lines = std::vector<std::string>;

const Lines before = {"to 10.0.0.0/8 refuse"};
const Lines with_source = {"to 10.0.0.0/8 refuse", "# of grammar 1", "app x.exe source 192.0.2.1"};

struct FreshPolicy {
    FreshPolicy() { REQUIRE(write_policy(before)); }
    ~FreshPolicy() {
        FreshCatalog::reset();
        (void)write_policy({});
    }
    FreshPolicy(const FreshPolicy&) = delete;
    FreshPolicy& operator=(const FreshPolicy&) = delete;

    static Lines lines() { return read_policy()->lines; }
};

// The DLL of the native catalog, and of the 32-bit one where there are two.
void install_dlls(const std::vector<unsigned char>& native, const std::vector<unsigned char>& other) {
    InstallOptions options;
    options.dll = write_temporary(L"grammar.dll", native);
    if (FreshCatalog::architectures().size() > 1) options.dll32 = write_temporary(L"grammar32.dll", other);
    FreshCatalog::install_well(options);
}

std::vector<unsigned char> native_provider() { return bytes_of(fake_provider_path()); }
std::vector<unsigned char> other_provider() { return provider_for_machine(IMAGE_FILE_MACHINE_I386); }

std::string findings() {
    const auto facts = collect_facts();
    REQUIRE_MESSAGE(facts, message_of(facts));
    std::string told;
    for (const Finding& finding : diagnose(*facts).findings) {
        if (finding.code.starts_with("policy-")) told += finding.code + ": " + finding.message + "\n";
    }
    return told;
}

}  // namespace

TEST_SUITE("test winsock") {
    TEST_CASE("no policy is set that a registered DLL does not understand") {
        const FreshCatalog fresh;
        const FreshPolicy policy;
        install_dlls(provider_of_grammar(native_provider(), 0), other_provider());
        const Outcome refused = write_policy(with_source);
        CHECK(code_of(refused) == "ERR_DLL_TOO_OLD");
        CHECK(contains(message_of(refused), "line 3 needs a DLL of grammar 1"));
        CHECK(contains(message_of(refused), "grammar.dll, which is registered, is of grammar 0"));
        CHECK(contains(message_of(refused), "winsock-lsp install"));
        CHECK(FreshPolicy::lines() == before);
        CHECK(code_of(write_policy(with_source, &before)) == "ERR_DLL_TOO_OLD");
        CHECK(write_policy({"to 10.0.0.0/8 refuse", "keep"}));  // the old one understands that

        install_dlls(native_provider(), other_provider());
        CHECK(write_policy(with_source));
        CHECK(FreshPolicy::lines() == with_source);
        CHECK(findings() == "");
    }

    TEST_CASE("a DLL that says nothing, a newer one, one that is gone and another product's are in nobody's way") {
        const FreshCatalog fresh;
        const FreshPolicy policy;
        install_dlls(provider_without_grammar(native_provider()), provider_of_grammar(other_provider(), 7));
        CHECK(write_policy(with_source));
        install_dlls(provider_of_grammar(native_provider(), 0), other_provider());
        REQUIRE(DeleteFileW((temporary_folder() + L"\\grammar.dll").c_str()));
        CHECK(write_policy(with_source));
        FreshCatalog::reset();
        FreshCatalog::add_other({FreshCatalog::base_tcp()});
        CHECK(write_policy(with_source));
    }

    TEST_CASE("the DLL of 32-bit programs is asked, too" * doctest::skip(sizeof(void*) != 8)) {
        const FreshCatalog fresh;
        const FreshPolicy policy;
        install_dlls(native_provider(), provider_of_grammar(other_provider(), 0));
        const Outcome refused = write_policy(with_source);
        CHECK(code_of(refused) == "ERR_DLL_TOO_OLD");
        CHECK(contains(message_of(refused), "grammar32.dll, which is registered, is of grammar 0"));
        CHECK(FreshPolicy::lines() == before);
    }

    TEST_CASE("doctor tells of a policy that was written past us, and is newer than the DLLs") {
        const FreshCatalog fresh;
        const FreshPolicy policy;
        install_dlls(native_provider(), other_provider());
        const auto write = [](const Lines& lines) {
            const std::vector<unsigned char> bytes = lsp::stored_rules(lines);
            write_raw(L"", L"Policy", REG_MULTI_SZ, bytes.data(), bytes.size());
        };
        write({"to 10.0.0.0/8 refuse", "app x.exe teleport Mars"});
        CHECK(contains(findings(), "policy-too-new: Line 2 of the rules is of a newer version than "));
        CHECK(read_policy()->rules.size() == 2);
        CHECK(code_of(write_policy(FreshPolicy::lines())) == "ERR_INVALID_POLICY");
        write({"to nowhere teleport"});
        CHECK(contains(findings(), "policy-rejected: No rule of the administrator's is in force"));
    }
}
