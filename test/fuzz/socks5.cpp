// What a SOCKS proxy says: anything. The first byte chooses the client's side, the second how much comes at once. The
// dialogue ends, asks for a bounded number of bytes, and comes to the same end however the bytes are cut.
#include "core/socks5.hpp"

#include <algorithm>
#include <tuple>

#include "property.hpp"

using namespace lsp;
using namespace lsp::socks5;

namespace {

using End = std::tuple<Step, Failure, Reply, std::size_t>;

End talk(bool ipv6, bool logs_in, const std::uint8_t* proxy, std::size_t size, std::size_t piece) {
    static constexpr std::uint8_t bytes[16] = {0x20, 1};
    const Login login = logs_in ? Login{"user", "password"} : Login{};
    Dialogue dialogue(ipv6 ? IpAddress::v6(bytes) : IpAddress::v4(bytes), 443, login);
    std::size_t read = 0;
    std::size_t sends = 0;
    while (dialogue.step() == Step::send || dialogue.step() == Step::receive) {
        if (dialogue.step() == Step::send) {
            fuzz::require(!dialogue.to_send().empty(), "what is to be sent is something");
            dialogue.sent();
            fuzz::require(++sends <= 3, "greeting, log-in and request, and no more");
            continue;
        }
        fuzz::require(dialogue.wanted() >= 1 && dialogue.wanted() <= 257, "a bounded number of bytes is asked for");
        const std::size_t taken = std::min({dialogue.wanted(), piece, size - read});
        if (taken == 0) {
            dialogue.closed();
        } else {
            dialogue.received({proxy + read, taken});
        }
        read += taken;
    }
    fuzz::require((dialogue.step() == Step::failed) == (dialogue.failure() != Failure::none), "it fails with a reason");
    fuzz::require(dialogue.to_send().empty(), "nothing is left in it at the end");
    fuzz::require(to_words(dialogue.failure(), dialogue.reply())[0] != '\0', "each end has words");
    return {dialogue.step(), dialogue.failure(), dialogue.reply(), read};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const bool ipv6 = (data[0] & 1U) != 0;
    const bool logs_in = (data[0] & 2U) != 0;
    const End whole = talk(ipv6, logs_in, data + 2, size - 2, size);
    const End cut = talk(ipv6, logs_in, data + 2, size - 2, data[1] % 16 + std::size_t{1});
    fuzz::require(whole == cut, "where the bytes are cut changes nothing");
    return 0;
}
