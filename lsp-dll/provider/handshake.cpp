#include "handshake.hpp"

#include <algorithm>
#include <new>

#include "../system/afd.hpp"
#include "../system/coarse_clock.hpp"
#include "../system/winsock_constants.hpp"
#include "leading.hpp"
#include "lower.hpp"
#include "pages.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

using Stage = Handshake::Stage;
using socks5::Dialogue;

constinit ItemPool<Handshake, 24> all_handshakes;

bool has_events(Handshake& handshake) noexcept {
    for (HANDLE* const event : {&handshake.operation_ended, &handshake.concluded}) {
        if (*event == nullptr) *event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        if (*event == nullptr) return false;
    }
    return true;
}

class HandshakeLock {
  public:
    explicit HandshakeLock(Handshake& handshake) noexcept : handshake_(handshake) {
        // Whoever has it looks at the system's table of connections at worst.
        for (int tries = 0; handshake_.locked.exchange(true, std::memory_order_acquire); ++tries) {
            Sleep(tries < 16 ? 0 : 1);
        }
    }
    ~HandshakeLock() { handshake_.locked.store(false, std::memory_order_release); }
    HandshakeLock(const HandshakeLock&) = delete;
    HandshakeLock& operator=(const HandshakeLock&) = delete;

  private:
    Handshake& handshake_;
};

// With this the kernel completes the program's request, so it is closed also after the last WSACleanup.
void close_helper(Handshake& handshake) noexcept {
    int error = 0;
    if (handshake.chain->lower.lpWSPCloseSocket(handshake.held_by, &error) != 0) {
        CloseHandle(reinterpret_cast<HANDLE>(handshake.held_by));
    }
}

Dialogue& dialogue_of(Handshake& handshake) noexcept {
    return *std::launder(reinterpret_cast<Dialogue*>(handshake.dialogue_place));
}

void begin_dialogue(Handshake& handshake) noexcept {
    ::new (static_cast<void*>(handshake.dialogue_place))
        Dialogue(handshake.flow.destination.address, handshake.flow.destination.port, handshake.login.get());
    handshake.has_dialogue = true;
    handshake.stage = Stage::talking;
    handshake.done = 0;
    handshake.dialogue_begun = system::milliseconds();
}

// The operations. Each is pending when it gives WSA_IO_PENDING, over with 0, and failed else.

void prepare_overlapped(Handshake& handshake) noexcept {
    ResetEvent(handshake.operation_ended);
    handshake.overlapped = {};
    handshake.overlapped.hEvent =
        reinterpret_cast<HANDLE>(reinterpret_cast<std::uintptr_t>(handshake.operation_ended) | 1U);
}

int started(Handshake& handshake, int error) noexcept {
    handshake.pending = error == WSA_IO_PENDING;
    return error;
}

int connect_below(Handshake& handshake, const IpAddress& address, std::uint16_t port) noexcept {
    Chain& chain = *handshake.chain;
    const LPFN_CONNECTEX connect = lower::connect_ex(chain, chain, handshake.socket);
    if (connect == nullptr) return WSAEOPNOTSUPP;
    const SocketAddress name = make_socket_address(address, chain.family, port);
    prepare_overlapped(handshake);
    DWORD ignored = 0;
    const BOOL over = connect(handshake.socket, &name.any, name.length, nullptr, 0, &ignored, &handshake.overlapped);
    return started(handshake, over ? 0 : WSAGetLastError());
}

int send_below(Handshake& handshake, const void* bytes, std::size_t size, DWORD& sent) noexcept {
    WSABUF buffer{static_cast<ULONG>(size), static_cast<char*>(const_cast<void*>(bytes))};
    prepare_overlapped(handshake);
    int error = 0;
    const int result = handshake.chain->lower.lpWSPSend(handshake.socket, &buffer, 1, &sent, 0, &handshake.overlapped,
                                                        nullptr, nullptr, &error);
    return started(handshake, result == 0 ? 0 : error);
}

int receive_below(Handshake& handshake, std::size_t size, DWORD& received) noexcept {
    WSABUF buffer{static_cast<ULONG>(size), reinterpret_cast<char*>(handshake.incoming)};
    prepare_overlapped(handshake);
    DWORD flags = 0;
    int error = 0;
    const int result = handshake.chain->lower.lpWSPRecv(handshake.socket, &buffer, 1, &received, &flags,
                                                        &handshake.overlapped, nullptr, nullptr, &error);
    return started(handshake, result == 0 ? 0 : error);
}

int result_of(Handshake& handshake, DWORD& bytes) noexcept {
    DWORD flags = 0;
    int error = 0;
    const BOOL good = handshake.chain->lower.lpWSPGetOverlappedResult(handshake.socket, &handshake.overlapped, &bytes,
                                                                      FALSE, &flags, &error);
    return good ? 0 : error != 0 ? error : WSAECONNABORTED;
}

// The error that a program gets for what the proxy answered.
int error_of(socks5::Failure failure, socks5::Reply reply) noexcept {
    switch (failure) {
        case socks5::Failure::none: return 0;
        case socks5::Failure::not_socks5: return WSAECONNREFUSED;
        case socks5::Failure::login_wanted:
        case socks5::Failure::login_refused: return WSAEACCES;
        case socks5::Failure::closed: return WSAECONNRESET;
        case socks5::Failure::request_refused: break;
    }
    switch (reply) {
        case socks5::Reply::succeeded: return 0;
        case socks5::Reply::not_allowed: return WSAEACCES;
        case socks5::Reply::network_unreachable: return WSAENETUNREACH;
        case socks5::Reply::host_unreachable: return WSAEHOSTUNREACH;
        case socks5::Reply::connection_refused: return WSAECONNREFUSED;
        case socks5::Reply::ttl_expired: return WSAETIMEDOUT;
        case socks5::Reply::command_not_supported: return WSAEOPNOTSUPP;
        case socks5::Reply::address_type_not_supported: return WSAEAFNOSUPPORT;
        case socks5::Reply::general_failure: break;
    }
    return WSAENETDOWN;
}

HandshakeOutcome outcome_of(socks5::Failure failure) noexcept {
    switch (failure) {
        case socks5::Failure::none: return HandshakeOutcome::led;
        case socks5::Failure::not_socks5: return HandshakeOutcome::not_socks5;
        case socks5::Failure::login_wanted: return HandshakeOutcome::login_wanted;
        case socks5::Failure::login_refused: return HandshakeOutcome::login_refused;
        case socks5::Failure::request_refused: return HandshakeOutcome::request_refused;
        case socks5::Failure::closed: return HandshakeOutcome::closed;
    }
    return HandshakeOutcome::closed;
}

// Nothing of the program's goes to a proxy that refused: the connection is shut down before the program learns
// anything.
void conclude(Handshake& handshake, HandshakeOutcome outcome, int error, std::uint8_t reply = 0) noexcept {
    handshake.stage = Stage::ended;
    handshake.error = error;
    handshake.login.wipe();
    if (error != 0 && handshake.connected) lower::shut_down(*handshake.chain, handshake.socket);
    Flow& flow = handshake.flow;
    flow.handshake = {outcome, reply, system::milliseconds() - handshake.begun, 0};
    if (outcome == HandshakeOutcome::led) {
        count(Counter::led);
        Endpoint local;  // by which the system's table has it: its other end is the proxy there
        Chain& chain = *handshake.chain;
        if (lower::local_endpoint(chain, handshake.socket, chain.family, local) == 0) {
            flow.handshake.local_port = local.port;
        }
    } else {
        count(Counter::lead_failed);
    }
    record_led(flow, error);
    if (Note* const note = std::exchange(handshake.note, nullptr)) tell_program(*note, error, handshake.later);
    SetEvent(handshake.concluded);
    // The last: with this the program goes on.
    if (handshake.held_overlapped != nullptr) {
        handshake.held_overlapped = nullptr;
        close_helper(handshake);
    }
}

// Who is at the other end of the connection to a proxy on this host.
bool is_trusted(Handshake& handshake) noexcept {
    if (!handshake.proxy.address.is_loopback()) return true;
    Endpoint local;
    if (lower::local_endpoint(*handshake.chain, handshake.socket, handshake.chain->family, local) != 0) return false;
    return system::owner_of_peer(handshake.proxy, {local.address.unmapped(), local.port}, handshake.owner) ==
           system::Owner::trusted;
}

// True: something is pending. False: it has ended.
bool talk(Handshake& handshake) noexcept {
    Dialogue& dialogue = dialogue_of(handshake);
    for (;;) {
        int error = 0;
        DWORD bytes = 0;
        switch (dialogue.step()) {
            case socks5::Step::send: {
                const auto message = dialogue.to_send();
                if (handshake.done == message.size()) {
                    dialogue.sent();
                    handshake.done = 0;
                    continue;
                }
                error = send_below(handshake, message.data() + handshake.done, message.size() - handshake.done, bytes);
                if (error == 0) handshake.done += bytes;
                break;
            }
            case socks5::Step::receive:
                error = receive_below(handshake, dialogue.wanted(), bytes);
                if (error == 0 && bytes == 0) dialogue.closed();
                if (error == 0) dialogue.received({handshake.incoming, bytes});
                break;
            case socks5::Step::done: handshake.stage = Stage::sending_data; return true;
            case socks5::Step::failed: {
                const auto reply = dialogue.reply();
                conclude(handshake, outcome_of(dialogue.failure()), error_of(dialogue.failure(), reply),
                         static_cast<std::uint8_t>(reply));
                return false;
            }
        }
        if (error == WSA_IO_PENDING) return true;
        if (error != 0) dialogue.closed();
    }
}

// What the program gave to ConnectEx.
bool send_data(Handshake& handshake) noexcept {
    const HandshakeOutcome outcome =
        handshake.flow.result == DecisionResult::otherwise_keep ? HandshakeOutcome::unreachable : HandshakeOutcome::led;
    while (handshake.done < handshake.data_length) {
        DWORD bytes = 0;
        const int error =
            send_below(handshake, handshake.data + handshake.done, handshake.data_length - handshake.done, bytes);
        if (error == WSA_IO_PENDING) return true;
        if (error != 0) {
            conclude(handshake, HandshakeOutcome::closed, error);
            return false;
        }
        handshake.done += bytes;
    }
    conclude(handshake, outcome, 0);
    return false;
}

// With nothing pending: goes on to where something is, or to the end.
void carry_on(Handshake& handshake) noexcept {
    if (handshake.stage == Stage::talking && !talk(handshake)) return;
    if (handshake.stage != Stage::sending_data || handshake.pending) return;
    send_data(handshake);
}

void connected(Handshake& handshake) noexcept {
    handshake.connected = true;
    // Without it the local address is not known, and the connection cannot be shut down.
    lower::update_connect_context(*handshake.chain, handshake.socket);
    if (handshake.stage == Stage::connecting_directly) {
        handshake.done = 0;
        handshake.stage = Stage::sending_data;
    } else if (is_trusted(handshake)) {
        begin_dialogue(handshake);
    } else {
        return conclude(handshake, HandshakeOutcome::untrusted, WSAEACCES);
    }
    carry_on(handshake);
}

void connect_ended(Handshake& handshake, int error) noexcept {
    if (error == 0) return connected(handshake);
    Flow& flow = handshake.flow;
    if (handshake.stage == Stage::connecting && flow.decision.otherwise == Otherwise::keep) {
        flow.result = DecisionResult::otherwise_keep;
        handshake.stage = Stage::connecting_directly;
        error = connect_below(handshake, flow.destination.address, flow.destination.port);
        if (error == WSA_IO_PENDING) return;
        if (error == 0) return connected(handshake);
    } else if (handshake.stage == Stage::connecting) {
        flow.result = DecisionResult::otherwise_refuse;
    }
    conclude(handshake, HandshakeOutcome::unreachable, error);
}

// A thread of the system's pool that ends takes the operations with it that it began. One that nobody wanted ended is
// begun again, a few times.
constexpr std::uint8_t most_aborted = 4;
bool is_to_be_repeated(Handshake& handshake, int error) noexcept {
    return error == WSA_OPERATION_ABORTED && ++handshake.aborted <= most_aborted;
}

// The operation that was pending has ended.
void operation_over(Handshake& handshake) noexcept {
    DWORD bytes = 0;
    int error = result_of(handshake, bytes);
    const bool again = is_to_be_repeated(handshake, error);
    switch (handshake.stage) {
        case Stage::connecting:
        case Stage::connecting_directly: {
            if (again) {
                const bool direct = handshake.stage == Stage::connecting_directly;
                const Endpoint& to = handshake.flow.destination;
                error = direct ? connect_below(handshake, to.address, to.port)
                               : connect_below(handshake, handshake.proxy.address, handshake.proxy.port);
                if (error == WSA_IO_PENDING) return;
            }
            return connect_ended(handshake, error);
        }
        case Stage::talking: {
            if (again) return carry_on(handshake);
            Dialogue& dialogue = dialogue_of(handshake);
            if (error != 0 || (bytes == 0 && dialogue.step() == socks5::Step::receive)) {
                dialogue.closed();
            } else if (dialogue.step() == socks5::Step::send) {
                handshake.done += bytes;
            } else {
                dialogue.received({handshake.incoming, bytes});
            }
            return carry_on(handshake);
        }
        case Stage::sending_data:
            if (error != 0 && !again) return conclude(handshake, HandshakeOutcome::closed, error);
            handshake.done += again ? 0 : bytes;
            return carry_on(handshake);
        case Stage::ended: return;
    }
}

// How long to wait for what is pending: for the proxy's answers until the one deadline, for a connection as long as the
// system tries it, and for the kernel to be done with what has ended as long as it takes.
DWORD patience(const Handshake& handshake) noexcept {
    if (handshake.stage != Stage::talking || handshake.note == nullptr) return INFINITE;
    const std::uint32_t passed = system::milliseconds() - handshake.dialogue_begun;
    return passed >= dialogue_deadline_ms ? 0 : dialogue_deadline_ms - passed;
}

void CALLBACK on_operation_ended(void* context, BOOLEAN timed_out);

// False: nobody will wait. Then what is pending keeps its memory for ever.
bool wait_in_pool(Handshake& handshake) noexcept {
    return RegisterWaitForSingleObject(&handshake.wait, handshake.operation_ended, on_operation_ended, &handshake,
                                       patience(handshake), WT_EXECUTEONLYONCE) != 0;
}

// One turn. True: something is pending still.
bool take_turn(Handshake& handshake, bool timed_out) noexcept {
    if (!timed_out) {
        handshake.pending = false;
        if (handshake.note == nullptr && handshake.stage != Stage::ended) {
            // The socket is another's now, if it is anybody's.
            handshake.stage = Stage::ended;
            handshake.login.wipe();
            SetEvent(handshake.concluded);
        }
        operation_over(handshake);
        return handshake.pending;
    }
    if (handshake.stage == Stage::talking && patience(handshake) == 0 && handshake.note != nullptr) {
        const SOCKET s = handshake.socket;
        conclude(handshake, HandshakeOutcome::timed_out, WSAETIMEDOUT);
        system::cancel_request(s, &handshake.overlapped);
    }
    return handshake.pending;
}

// Whoever calls this looks at it no more.
void end_of_turn(Handshake& handshake, bool pending) noexcept {
    if (!pending) {
        give_back(handshake);
    } else if (!wait_in_pool(handshake)) {
        if (handshake.stage != Stage::ended && handshake.note != nullptr) {
            const SOCKET s = handshake.socket;
            conclude(handshake, HandshakeOutcome::closed, WSAENOBUFS);
            system::cancel_request(s, &handshake.overlapped);
        }
    }
}

void CALLBACK on_operation_ended(void* context, BOOLEAN timed_out) {
    auto& handshake = *static_cast<Handshake*>(context);
    const DWORD last_error = GetLastError();
    {
        const HandshakeLock lock(handshake);
        UnregisterWait(std::exchange(handshake.wait, nullptr));
        end_of_turn(handshake, take_turn(handshake, timed_out != 0));
    }
    SetLastError(last_error);
}

int carry_on_in_call(Handshake& handshake) noexcept {
    for (;;) {
        const DWORD waited = WaitForSingleObject(handshake.operation_ended, patience(handshake));
        const HandshakeLock lock(handshake);
        const bool pending = take_turn(handshake, waited == WAIT_TIMEOUT);
        if (handshake.stage != Stage::ended) continue;
        const int error = handshake.note == nullptr && handshake.error == 0 &&
                                  handshake.flow.handshake.outcome == HandshakeOutcome::none
                              ? WSAENOTSOCK
                              : handshake.error;
        end_of_turn(handshake, pending);
        return error;
    }
}

}  // namespace

Handshake* take_handshake() noexcept {
    Handshake* const handshake = all_handshakes.take();
    if (handshake == nullptr || has_events(*handshake)) return handshake;
    handshake->taken.store(false, std::memory_order_release);
    return nullptr;
}

void give_back(Handshake& handshake) noexcept {
    handshake.login.wipe();
    // It wipes what it held of the log-in.
    if (std::exchange(handshake.has_dialogue, false)) dialogue_of(handshake).~Dialogue();
    handshake.taken.store(false, std::memory_order_release);
}

int begin(Handshake& handshake) noexcept {
    handshake.stage = Stage::connecting;
    handshake.connected = handshake.pending = false;
    handshake.aborted = 0;
    handshake.error = 0;
    handshake.done = 0;
    handshake.flow.handshake = {};
    handshake.later = handshake.held_overlapped != nullptr;
    handshake.begun = system::milliseconds();
    ResetEvent(handshake.concluded);
    const bool in_call = handshake.in_call;
    {
        const HandshakeLock lock(handshake);
        if (handshake.note == nullptr) {  // the program has closed the socket meanwhile
            give_back(handshake);
            return WSAENOTSOCK;
        }
        const int error = connect_below(handshake, handshake.proxy.address, handshake.proxy.port);
        if (error != WSA_IO_PENDING) connect_ended(handshake, error);
        if (!handshake.pending) {
            const int result = handshake.error;
            give_back(handshake);
            return result;
        }
        if (!in_call) {
            handshake.later = true;
            end_of_turn(handshake, true);
            return WSAEWOULDBLOCK;
        }
    }
    return carry_on_in_call(handshake);
}

void abandon_handshake(Note& note) noexcept {
    Handshake* const handshake = note.handshake.exchange(nullptr, std::memory_order_acq_rel);
    if (handshake == nullptr) return;
    const HandshakeLock lock(*handshake);
    if (handshake->note != &note) return;  // concluded meanwhile; the memory may be another's already
    handshake->note = nullptr;
    // First what may still read the program's data: with its own request's end it may free that.
    system::cancel_request(handshake->socket, &handshake->overlapped);
    if (OVERLAPPED* const held = std::exchange(handshake->held_overlapped, nullptr)) {
        system::cancel_request(handshake->socket, held);
        close_helper(*handshake);
    }
    handshake->login.wipe();
}

bool wait_for_handshake(Note& note, DWORD milliseconds) noexcept {
    const std::uint32_t begun = system::milliseconds();
    while (note.leading.load(std::memory_order_acquire) == Leading::under_way) {
        const std::uint32_t passed = system::milliseconds() - begun;
        if (passed >= milliseconds) return false;
        // Its memory may be another's by now, so not for long without a look.
        Handshake* const handshake = note.handshake.load(std::memory_order_acquire);
        if (handshake == nullptr) {
            Sleep(0);
        } else {
            WaitForSingleObject(handshake->concluded, std::min<DWORD>(milliseconds - passed, 50));
        }
    }
    return true;
}

}  // namespace lsp::provider
