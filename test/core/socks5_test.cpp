#include "core/socks5.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

using namespace lsp;
using namespace lsp::socks5;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const Login none{};
const Login login{"sam", "secret"};
const IpAddress v4 = *parse_address("1.2.3.4");
const IpAddress v6 = *parse_address("2001:db8::9");

const Bytes no_login_wanted{5, 0}, login_wanted{5, 2}, login_accepted{1, 0};
const Bytes reply4{5, 0, 0, 1, 9, 9, 9, 9, 0x12, 0x34};

// What a proxy that says these bytes, in pieces of at most so many, leads to.
struct Outcome {
    Step step;
    Failure failure;
    Reply reply;
    std::vector<Bytes> sent;
    std::size_t read;  // of the proxy's bytes

    bool operator==(const Outcome&) const = default;
};

Outcome talk(Dialogue& dialogue, const Bytes& proxy, std::size_t piece) {
    Outcome outcome{};
    while (dialogue.step() == Step::send || dialogue.step() == Step::receive) {
        if (dialogue.step() == Step::send) {
            outcome.sent.emplace_back(dialogue.to_send().begin(), dialogue.to_send().end());
            dialogue.sent();
            continue;
        }
        REQUIRE(dialogue.wanted() > 0);
        const std::size_t size = std::min({dialogue.wanted(), piece, proxy.size() - outcome.read});
        if (size == 0) {
            dialogue.closed();
        } else {
            dialogue.received({proxy.data() + outcome.read, size});
        }
        outcome.read += size;
    }
    outcome.step = dialogue.step();
    outcome.failure = dialogue.failure();
    outcome.reply = dialogue.reply();
    return outcome;
}

Outcome talk(const Bytes& proxy, const Login& with, const IpAddress& destination = v4, std::size_t piece = 1000) {
    Dialogue dialogue(destination, 443, with);
    return talk(dialogue, proxy, piece);
}

}  // namespace

TEST_CASE("the bytes that go to the proxy are those of RFC 1928 and RFC 1929") {
    const Bytes request4{5, 1, 0, 1, 1, 2, 3, 4, 1, 0xbb};
    const Bytes request6{5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0xbb};
    const Bytes credentials{1, 3, 's', 'a', 'm', 6, 's', 'e', 'c', 'r', 'e', 't'};
    const struct {
        const char* what;
        Login with;
        IpAddress destination;
        Bytes proxy;
        std::vector<Bytes> sent;
    } situations[] = {
        {"IPv4", none, v4, no_login_wanted + reply4, {{5, 1, 0}, request4}},
        {"IPv6", none, v6, no_login_wanted + reply4, {{5, 1, 0}, request6}},
        {"mapped", none, v4.mapped(), no_login_wanted + reply4, {{5, 1, 0}, request4}},
        {"log-in", login, v4, login_wanted + login_accepted + reply4, {{5, 2, 0, 2}, credentials, request4}},
        {"a log-in that nobody wants", login, v4, no_login_wanted + reply4, {{5, 2, 0, 2}, request4}},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
            const Outcome outcome = talk(situation.proxy, situation.with, situation.destination, piece);
            CHECK(outcome.step == Step::done);
            CHECK(outcome.sent == situation.sent);
            CHECK(outcome.read == situation.proxy.size());
        }
    }
}

TEST_CASE("the stages are told, from the sending of each question to its answer") {
    for (const Login& with : {none, login}) {
        Dialogue dialogue(v4, 443, with);
        std::vector<Stage> stages;
        const Bytes proxy = (with.user.empty() ? no_login_wanted : login_wanted + login_accepted) + reply4;
        for (std::size_t read = 0; dialogue.step() == Step::send || dialogue.step() == Step::receive;) {
            if (stages.empty() || stages.back() != dialogue.stage()) stages.push_back(dialogue.stage());
            if (dialogue.step() == Step::send) {
                dialogue.sent();
            } else {
                dialogue.received({proxy.data() + read, 1});
                ++read;
            }
        }
        CHECK(dialogue.stage() == Stage::request);
        const std::vector<Stage> without{Stage::method, Stage::request};
        const std::vector<Stage> with_login{Stage::method, Stage::login, Stage::request};
        CHECK(stages == (with.user.empty() ? without : with_login));
    }
    Dialogue refused(v4, 443, login);
    CHECK(talk(refused, login_wanted + Bytes{1, 1}, 1).failure == Failure::login_refused);
    CHECK(refused.stage() == Stage::login);
}

TEST_CASE("not a byte behind the reply is asked for, whatever kind of address is in it") {
    const Bytes program{'S', 'S', 'H', '-', '2'};
    std::vector<Bytes> replies{reply4, {5, 0, 0, 4}};
    replies.back().resize(4 + 16 + 2, 7);
    for (const std::size_t length : {0, 1, 9, 255}) {
        Bytes named{5, 0, 0, 3, static_cast<std::uint8_t>(length)};
        named.resize(named.size() + length + 2, 'x');
        replies.push_back(named);
    }
    for (const Bytes& reply : replies) {
        CAPTURE(reply.size());
        for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
            const Outcome outcome = talk(no_login_wanted + reply + program, none, v4, piece);
            CHECK(outcome.step == Step::done);
            CHECK(outcome.read == no_login_wanted.size() + reply.size());
        }
    }
}

TEST_CASE("what goes wrong is told apart") {
    const struct {
        const char* what;
        Login with;
        Bytes proxy;
        Failure failure;
    } situations[] = {
        {"HTTP", none, {'H', 'T'}, Failure::not_socks5},
        {"SOCKS 4", none, {0, 0x5a}, Failure::not_socks5},
        {"a method that was not offered", none, {5, 1}, Failure::not_socks5},
        {"a log-in is wanted, there is none", none, {5, 2}, Failure::login_wanted},
        {"no acceptable method", none, {5, 0xff}, Failure::login_wanted},
        {"no acceptable method, with a log-in", login, {5, 0xff}, Failure::login_wanted},
        {"wrong password", login, login_wanted + Bytes{1, 1}, Failure::login_refused},
        {"a log-in's answer of another version", login, login_wanted + Bytes{5, 0}, Failure::not_socks5},
        {"a reply of another version", none, no_login_wanted + Bytes{4, 0, 0, 1}, Failure::not_socks5},
        {"an address of no kind", none, no_login_wanted + Bytes{5, 0, 0, 2}, Failure::not_socks5},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        const Outcome outcome = talk(situation.proxy, situation.with);
        CHECK(outcome.step == Step::failed);
        CHECK(outcome.failure == situation.failure);
        CHECK(std::strlen(to_words(outcome.failure, outcome.reply)) > 0);
    }
}

TEST_CASE("each refusal has its reply and words of its own") {
    std::vector<std::string> words;
    for (std::uint8_t code = 1; code != 0; ++code) {
        CAPTURE(code);
        const Outcome outcome = talk(no_login_wanted + Bytes{5, code, 0, 1}, none);
        CHECK(outcome.failure == Failure::request_refused);
        CHECK(outcome.reply == static_cast<Reply>(code));
        const std::string said = to_words(outcome.failure, outcome.reply);
        if (code <= 8) CHECK(std::find(words.begin(), words.end(), said) == words.end());
        words.push_back(said);
    }
}

TEST_CASE("a proxy that closes before the end has closed, at whichever byte") {
    for (const Login& with : {none, login}) {
        const Bytes proxy = (with.user.empty() ? no_login_wanted : login_wanted + login_accepted) + reply4;
        for (std::size_t bytes = 0; bytes < proxy.size(); ++bytes) {
            CAPTURE(bytes);
            const Outcome outcome = talk(Bytes(proxy.begin(), proxy.begin() + static_cast<long>(bytes)), with);
            CHECK(outcome.step == Step::failed);
            CHECK(outcome.failure == Failure::closed);
        }
    }
}

TEST_CASE("the password is nowhere in the dialogue before it is written and after it was sent") {
    Dialogue dialogue(v4, 443, login);
    const auto holds_it = [&] {
        const auto* const begin = reinterpret_cast<const char*>(&dialogue);
        const auto* const end = begin + sizeof(dialogue);
        return std::search(begin, end, login.password.begin(), login.password.end()) != end;
    };
    CHECK(!holds_it());
    dialogue.sent();
    dialogue.received(login_wanted);
    REQUIRE(dialogue.step() == Step::send);
    CHECK(holds_it());
    dialogue.sent();
    CHECK(!holds_it());
}

TEST_CASE("a log-in is none, or what RFC 1929 can carry") {
    const std::string most(longest_credential, 'x');
    const std::string too_much(longest_credential + 1, 'x');
    CHECK(is_valid({}));
    CHECK(is_valid({"a", "b"}));
    CHECK(is_valid({most, most}));
    CHECK(!is_valid({too_much, "b"}));
    CHECK(!is_valid({"a", too_much}));
    CHECK(!is_valid({"a", ""}));
    CHECK(!is_valid({"", "b"}));
    const Outcome outcome = talk(login_wanted + login_accepted + reply4, {most, most});
    CHECK(outcome.step == Step::done);
    CHECK(outcome.sent[1].size() == 3 + 2 * longest_credential);
}
