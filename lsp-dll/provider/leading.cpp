#include "leading.hpp"

#include <algorithm>

#include "../core/rule_match.hpp"
#include "../system/afd.hpp"
#include "../system/winsock_constants.hpp"
#include "action_steps.hpp"
#include "guarded_copy.hpp"
#include "handshake.hpp"
#include "lower.hpp"
#include "policy_cache.hpp"
#include "process.hpp"
#include "socket_state.hpp"

namespace lsp::provider {

namespace {

template <std::size_t size>
bool copy_text(char (&to)[size], std::string_view text) noexcept {
    if (text.size() >= size) return false;
    *std::copy(text.begin(), text.end(), to) = '\0';
    return true;
}

// What the rule says beside the proxy's address. False: the policy is another by now.
bool read_rule(const Flow& flow, Handshake& handshake, char (&login)[65]) noexcept {
    const PolicyReader reader;
    const PolicySnapshot* const snapshot = reader.get();
    const auto number = static_cast<std::size_t>(flow.decision.rule);
    if (snapshot == nullptr || snapshot->stamp != flow.policy_stamp || number >= snapshot->policy.rules.size()) {
        return false;
    }
    const Rule& rule = snapshot->policy.rules[number];
    return copy_text(login, rule.login) && copy_text(handshake.owner, rule.owner);
}

// The address of the proxy as the socket can connect to it: a socket of both families reaches an IPv4 proxy by its
// mapped address.
bool can_reach(Chain& chain, SOCKET s, const SocketState& state, const IpAddress& proxy) noexcept {
    if (state.family == proxy.family) return true;
    if (state.family == Family::ipv4) return false;
    return !lower::is_set(chain, s, IPPROTO_IPV6, IPV6_V6ONLY) ||
           lower::set_option(chain, s, IPPROTO_IPV6, IPV6_V6ONLY, 0) == 0;
}

// The processes that CredReadW asks, or that it may wait for.
bool serves_log_ins() noexcept {
    for (const std::string_view name : {"lsass.exe", "csrss.exe", "services.exe"}) {
        if (matches_app(name, process_path())) return true;
    }
    return false;
}

// Whether the connection can be led: `led`, or why not. With `led` the socket is bound. `to_itself`: this very process
// listens at the proxy's address, and is never led through it.
HandshakeOutcome make_ready(Chain& chain, SOCKET s, SocketState& state, const Flow& flow, Handshake& handshake,
                            bool& to_itself) noexcept {
    char login[65];
    if (!read_rule(flow, handshake, login)) return HandshakeOutcome::no_way;
    handshake.login.wipe();
    DWORD ignored = 0;
    if (login[0] != '\0' && (serves_log_ins() || handshake.login.read(login, ignored) != system::LoginFailure::none)) {
        return HandshakeOutcome::no_credential;
    }
    handshake.proxy = {flow.decision.source, flow.decision.proxy_port};
    if (handshake.proxy.address.is_loopback()) {
        switch (system::owner_of_listener(handshake.proxy, handshake.owner)) {
            case system::Owner::this_process: to_itself = true; return HandshakeOutcome::none;
            case system::Owner::somebody_else:
            case system::Owner::unknown: return HandshakeOutcome::untrusted;
            case system::Owner::nobody:  // it will be refused by itself
            case system::Owner::trusted: break;
        }
    }
    // Of a socket that is not for overlapped calls the kernel would have the caller wait.
    if (system::is_synchronous(s) || lower::connect_ex(chain, chain, s) == nullptr ||
        !can_reach(chain, s, state, handshake.proxy.address) || bind_wildcard(chain, s, state) != 0) {
        return HandshakeOutcome::no_way;
    }
    return HandshakeOutcome::led;
}

// What the program has asked to be told by an event or a message is asked for below when the handshake is over, because
// the lower provider would tell of the connection to the proxy.
void withdraw_registration(Chain& chain, SOCKET s, Note& note) noexcept {
    int ignored = 0;
    if (note.event.load() != nullptr) chain.lower.lpWSPEventSelect(s, note.event.load(), 0, &ignored);
    if (note.window.load() != nullptr) chain.lower.lpWSPAsyncSelect(s, note.window.load(), 0, 0, &ignored);
}

// As it was before the connect, of a connection that has come to nothing.
void renew_registration(Chain& chain, SOCKET s, Note& note) noexcept {
    int ignored = 0;
    const long events = note.events.load();
    if (const WSAEVENT event = note.event.load()) chain.lower.lpWSPEventSelect(s, event, events, &ignored);
    if (const HWND window = note.window.load()) {
        chain.lower.lpWSPAsyncSelect(s, window, note.message.load(), events, &ignored);
    }
}

// Whether the lower provider has a connection, which then is one to the proxy.
bool is_connected_below(Chain& chain, SOCKET s) noexcept {
    Endpoint peer;
    return lower::peer_endpoint(chain, s, chain.family, peer) != WSAENOTCONN;
}

bool is_registered(const Note& note) noexcept { return note.event.load() != nullptr || note.window.load() != nullptr; }

// The handshake with all but how the program waits. False: there is no memory, and the handshake is given back.
Note* attach(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    Handshake& handshake = *flow.lead;
    Note* const note = make_note(chain, s, state);
    if (note == nullptr) {
        give_back(handshake);
        return nullptr;
    }
    handshake.chain = &chain;
    handshake.socket = s;
    handshake.note = note;
    handshake.flow = flow;
    handshake.held_overlapped = nullptr;
    handshake.data_length = 0;
    note->destination = flow.destination;
    note->failure.store(0, std::memory_order_relaxed);
    note->untold.store(false, std::memory_order_relaxed);
    note->unfinished.store(false, std::memory_order_relaxed);
    note->connect_untold.store(false, std::memory_order_relaxed);
    note->handshake.store(&handshake, std::memory_order_relaxed);
    note->leading.store(Leading::under_way, std::memory_order_release);
    mark_unchecked(s, state);
    return note;
}

// The call that began it has given its error to the program.
void forget_failure(Note& note) noexcept {
    note.leading.store(Leading::no, std::memory_order_release);
    mark_checked(note.socket.load(std::memory_order_relaxed));
}

}  // namespace

int prepare_to_lead(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    Handshake* const handshake = take_handshake();
    bool to_itself = false;
    const HandshakeOutcome outcome =
        handshake == nullptr ? HandshakeOutcome::no_way : make_ready(chain, s, state, flow, *handshake, to_itself);
    if (outcome == HandshakeOutcome::led) {
        flow.lead = handshake;
        return 0;
    }
    if (handshake != nullptr) give_back(*handshake);
    if (to_itself) {
        flow.decided = false;  // the rule has no say
        return settle(chain, s, state);
    }
    flow.handshake.outcome = outcome;
    return apply_otherwise(chain, s, state, flow, refused_error, Counter::lead_failed);
}

int connect_led(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    Handshake& handshake = *flow.lead;
    Note* const note = attach(chain, s, state, flow);
    if (note == nullptr) return WSAENOBUFS;
    const bool registered = is_registered(*note);
    // Who polls behind our back, or was registered before we could see it, would learn of the connection to the proxy,
    // and send to it: such a program waits in this call.
    const bool in_call = !is_nonblocking(state) || (is_watched(state) && !registered);
    if (registered) withdraw_registration(chain, s, *note);
    handshake.in_call = in_call;
    return begin(handshake);
}

int connect_ex_led(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const void* data, DWORD data_length,
                   OVERLAPPED* overlapped) noexcept {
    Handshake& handshake = *flow.lead;
    Note* const note = attach(chain, s, state, flow);
    if (note == nullptr) return WSAENOBUFS;
    const auto give_up = [&](int error) {
        note->handshake.store(nullptr, std::memory_order_relaxed);
        forget_failure(*note);
        give_back(handshake);
        return error;
    };
    constexpr ULONG_PTR pending = 0x103;  // STATUS_PENDING
    if (!guarded_write(&overlapped->Internal, pending)) return give_up(WSAEFAULT);
    const SOCKET held_by = lower::make_socket(chain);
    if (held_by == INVALID_SOCKET) return give_up(WSAENOBUFS);
    if (!system::complete_at_close(s, *overlapped, held_by)) {
        lower::close_socket(chain, held_by);
        return give_up(WSAEOPNOTSUPP);
    }
    handshake.held_overlapped = overlapped;
    handshake.held_by = held_by;
    handshake.data = static_cast<const char*>(data);
    handshake.data_length = data == nullptr ? 0 : data_length;
    handshake.in_call = false;
    note->unfinished.store(true, std::memory_order_relaxed);
    begin(handshake);
    // Whatever has become of it already: the program's request is pending, and ends when it is closed.
    return WSA_IO_PENDING;
}

int give_up_lead(Flow& flow, int error) noexcept {
    give_back(*std::exchange(flow.lead, nullptr));
    return error;
}

int error_of_second_connect(Chain& chain, SOCKET s, SocketState& state) noexcept {
    Note* const note = find_led(s, state);
    if (note == nullptr) return 0;
    switch (note->leading.load(std::memory_order_acquire)) {
        case Leading::no: return 0;
        case Leading::under_way: return WSAEALREADY;
        case Leading::failed:
            if (is_connected_below(chain, s)) return note->failure.load(std::memory_order_relaxed);
            break;  // the proxy was not reached, and the program may try another address
        case Leading::led:
            if (is_connected_below(chain, s)) return WSAEISCONN;
            break;
    }
    // TransmitFile can make a socket new.
    forget_failure(*note);
    return 0;
}

int register_below(Chain& chain, SOCKET s, Note& note) noexcept {
    const bool led = note.leading.load(std::memory_order_acquire) == Leading::led;
    const long events = note.events.load();
    const long below = events & ~FD_CONNECT;
    const bool tell_now = (events & FD_CONNECT) != 0 && note.connect_untold.load();
    const int failure = note.failure.load(std::memory_order_relaxed);
    int error = 0;
    if (const HWND window = note.window.load()) {
        const unsigned message = note.message.load();
        // The first that comes.
        if (tell_now && note.connect_untold.exchange(false)) {
            chain.upcalls.lpWPUPostMessage(window, message, s, WSAMAKESELECTREPLY(FD_CONNECT, failure));
        }
        if (led) chain.lower.lpWSPAsyncSelect(s, window, message, below, &error);
    } else if (const WSAEVENT event = note.event.load()) {
        if (led) chain.lower.lpWSPEventSelect(s, event, below, &error);
        if (tell_now) SetEvent(event);  // hooks::enum_network_events says what it is
    }
    return error;
}

void tell_program(Note& note, int error, bool later) noexcept {
    Chain& chain = *note.chain.load(std::memory_order_relaxed);
    const SOCKET s = note.socket.load(std::memory_order_relaxed);
    note.failure.store(error, std::memory_order_relaxed);
    const bool told_at_once = error != 0 && !later;
    note.untold.store(error != 0 && later, std::memory_order_relaxed);
    note.connect_untold.store(!told_at_once, std::memory_order_relaxed);
    Leading end = error == 0 ? Leading::led : Leading::failed;
    // Where the proxy was not reached, the program may try another address with this socket.
    if (told_at_once && !is_connected_below(chain, s)) end = Leading::no;
    // In one order with what keep_registration does: it sees this, or register_below sees the registration.
    note.leading.store(end);
    mark_checked(s);
    if (told_at_once) {
        renew_registration(chain, s, note);
    } else {
        register_below(chain, s, note);
    }
    // The last that is written here: whoever drops the note waits for this, or finds it.
    note.handshake.store(nullptr, std::memory_order_release);
}

}  // namespace lsp::provider
