// Deleting what others have made in the policy store: it ends, and follows no link.
#include "setup/registry_tree.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <thread>

#include "../system/hostile_keys.hpp"
#include "../system/support.hpp"
#include "setup/publishers.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "setup/tunnels/tunnels.hpp"

using namespace lsp::setup;

namespace {

const std::wstring nowhere = L"\\Registry\\Machine\\Software\\winsock-lsp-nowhere";
const std::wstring with_zero(L"a\0b", 3);
constexpr wchar_t elsewhere[] = L"Software\\winsock-lsp-elsewhere";

struct Key {
    explicit Key(HKEY opened) : handle(opened) { REQUIRE(handle != nullptr); }
    ~Key() { RegCloseKey(handle); }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    HKEY handle;
};

// A store with a place for delegated tunnels, and a key of somebody else's that links may lead to.
struct DelegatedStore {
    DelegatedStore() {
        REQUIRE(delete_policy_store());
        REQUIRE(allow_publishers({*find_account(L"S-1-5-32-545")}));
        HKEY key = nullptr;
        const std::wstring path = std::wstring(elsewhere) + L"\\precious";
        REQUIRE(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, nullptr, 0, KEY_READ | KEY_WOW64_64KEY, nullptr,
                                &key, nullptr) == ERROR_SUCCESS);
        RegCloseKey(key);
    }
    ~DelegatedStore() {
        CHECK(delete_policy_store());
        CHECK(delete_tree(HKEY_LOCAL_MACHINE, elsewhere) == ERROR_SUCCESS);
    }
};

const std::wstring precious_target = L"\\Registry\\Machine\\Software\\winsock-lsp-elsewhere";

bool is_precious_there() {
    HKEY key = nullptr;
    const std::wstring path = std::wstring(elsewhere) + L"\\precious";
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ | KEY_WOW64_64KEY, &key) != ERROR_SUCCESS)
        return false;
    RegCloseKey(key);
    return true;
}

// Whether it ends; where it does not, the thread is left to itself.
bool ends(const std::function<void()>& work) {
    auto* const done = new std::atomic<bool>(false);
    std::thread([work, done] {
        work();
        *done = true;
    }).detach();
    for (int i = 0; i < 6000 && !*done; ++i) Sleep(10);
    return *done;
}

void make_below(const std::wstring& where, const std::function<void(HKEY)>& make) {
    const Key parent(open_store(where));
    make(parent.handle);
}

}  // namespace

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: a link to nowhere below a delegated tunnel is refused at once") {
    make_below(L"DelegatedTunnels", [](HKEY tunnels) {
        const Key tunnel(make_key(tunnels, L"x"));
        REQUIRE(make_link(tunnel.handle, L"l", nowhere));
    });
    Result<StoredTunnel> erased = StoredTunnel{};
    REQUIRE(ends([&] { erased = erase_tunnel("x", true); }));
    CHECK(code_of(erased) == "ERROR_KEY_HAS_CHILDREN");
    CHECK(contains(message_of(erased), "--no-publishers"));
    Outcome cleared = Done{};
    REQUIRE(ends([&] { cleared = clear_tunnel("x", true); }));
    CHECK(code_of(cleared) == "ERROR_KEY_HAS_CHILDREN");
    // And an administrator gets rid of it.
    Outcome forbidden = Done{};
    REQUIRE(ends([&] { forbidden = forbid_publishers(); }));
    CHECK_MESSAGE(forbidden, message_of(forbidden));
}

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: a key whose name holds a zero is told, and cleared") {
    make_below(L"DelegatedTunnels", [](HKEY tunnels) { const Key tunnel(make_key(tunnels, with_zero)); });
    const auto policy = read_policy();
    REQUIRE(policy);
    REQUIRE(policy->tunnels.size() == 1);
    CHECK(contains(policy->tunnels[0].rejected, "not a tunnel's name"));
    Outcome cleared = Done{};
    REQUIRE(ends([&] { cleared = clear_tunnel(policy->tunnels[0].tunnel.name, true); }));
    CHECK_MESSAGE(cleared, message_of(cleared));
    CHECK(read_policy()->tunnels.empty());
}

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: keys whose names hold a zero are deleted with the tree") {
    make_below(L"DelegatedTunnels", [](HKEY tunnels) {
        const Key tunnel(make_key(tunnels, L"x"));
        const Key below(make_key(tunnel.handle, with_zero));
        const Key deeper(make_key(below.handle, with_zero));
    });
    CHECK(code_of(erase_tunnel("x", true)) == "ERROR_KEY_HAS_CHILDREN");
    Outcome forbidden = Done{};
    REQUIRE(ends([&] { forbidden = forbid_publishers(); }));
    CHECK_MESSAGE(forbidden, message_of(forbidden));
}

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: a link is deleted, and not what it leads to") {
    make_below(L"DelegatedTunnels", [](HKEY tunnels) {
        const Key tunnel(make_key(tunnels, L"x"));
        REQUIRE(make_link(tunnel.handle, L"l", precious_target));
        REQUIRE(make_link(tunnels, L"y", precious_target));
    });
    CHECK_MESSAGE(erase_tunnel("y", true), message_of(erase_tunnel("y", true)));
    CHECK(is_precious_there());
    CHECK(forbid_publishers());
    CHECK(is_precious_there());
}

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: a link's definition is not read through it") {
    const std::wstring text = L"interface=7 address=10.8.0.2/24 source=192.0.2.1";
    write_raw(L"Tunnels\\real", L"Definition", REG_SZ, text.c_str(), (text.size() + 1) * sizeof(wchar_t));
    make_below(L"DelegatedTunnels", [](HKEY tunnels) {
        REQUIRE(make_link(tunnels, L"vpn", L"\\Registry\\Machine\\Software\\winsock-lsp\\Tunnels\\real"));
    });
    const auto policy = read_policy();
    REQUIRE(policy);
    REQUIRE(policy->tunnels.size() == 2);
    CHECK(policy->tunnels[1].tunnel.delegated);
    CHECK(contains(policy->tunnels[1].rejected, "no value Definition"));
}

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: what is too deep is not opened, and stays") {
    make_below(L"", [](HKEY store) {
        HKEY at = make_key(store, L"deep");
        for (unsigned level = 1; level < default_depth_limit + 1; ++level) {
            HKEY const next = make_key(at, L"deeper");
            RegCloseKey(at);
            at = next;
        }
        RegCloseKey(at);
        CHECK(delete_tree(store, L"deep") == ERROR_KEY_HAS_CHILDREN);
        CHECK(delete_tree(store, L"deep", default_depth_limit + 1) == ERROR_SUCCESS);
    });
}

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: keys that are made meanwhile do not keep it from ending") {
    make_below(L"DelegatedTunnels", [](HKEY tunnels) {
        const Key tunnel(make_key(tunnels, L"x"));
        std::atomic<bool> stop{false};
        std::thread maker([&] {
            for (unsigned i = 0; !stop && i < 2'000; ++i) {
                HKEY const key = make_key(tunnel.handle, std::to_wstring(i));
                if (key != nullptr) RegCloseKey(key);
            }
        });
        for (int i = 0; i < 3; ++i) CHECK(ends([&] { delete_tree(tunnels, L"x"); }));
        stop = true;
        maker.join();
    });
}

TEST_CASE_FIXTURE(DelegatedStore, "registry tree: one made at random goes, whatever is in it") {
    const char* const given = std::getenv("REGISTRY_TREE_SEED");
    const unsigned first = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : GetTickCount();
    for (unsigned seed = first; seed < first + (given != nullptr ? 1 : 60); ++seed) {
        INFO("REGISTRY_TREE_SEED=", seed);
        std::mt19937 random(seed);
        make_below(L"", [&](HKEY store) {
            unsigned levels = 0;
            {
                const Key top(make_key(store, L"random"));
                levels = 1 + make_random_tree(top.handle, random, precious_target, 6);
            }
            const unsigned limit = 1 + random() % 8;
            LONG error = ERROR_SUCCESS;
            REQUIRE(ends([&] { error = delete_tree(store, L"random", limit); }));
            CHECK(error == (levels <= limit ? ERROR_SUCCESS : ERROR_KEY_HAS_CHILDREN));
            if (error != ERROR_SUCCESS) CHECK(delete_tree(store, L"random") == ERROR_SUCCESS);
            CHECK(delete_tree(store, L"random") == ERROR_FILE_NOT_FOUND);
        });
        CHECK(is_precious_there());
    }
}
