// What a program asks of a connection that is led to a proxy: it sees one to its destination.
#include "../leading.hpp"

#include <algorithm>
#include <iterator>

#include "../../system/coarse_clock.hpp"
#include "../guarded_copy.hpp"
#include "../handshake.hpp"
#include "../pages.hpp"
#include "../policy_cache.hpp"
#include "../socket_state.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

int fail(int error, LPINT place) noexcept {
    *place = error;
    return SOCKET_ERROR;
}

// Programs that are told by events and messages, before they connect. Those that accept or have bound an address are
// not worth a note each: see Note::event and connect_led.
bool wants_note(const SocketState& state) noexcept {
    return state.type == SocketType::stream && state.kind != SocketKind::unknown &&
           state.kind != SocketKind::explicit_ && policy_leads();
}

// False: the call goes on below. True: it is over, with `error`. While the connection is under way, what is asked for
// is asked for below when that is over.
bool keep_registration(Chain& chain, SOCKET s, WSAEVENT event, HWND window, unsigned message, long events,
                       int& error) noexcept {
    error = 0;
    SocketState state = sockets.get(s);
    Note* note = state.type == SocketType::stream ? find_note(s, state) : nullptr;
    if (note == nullptr && events != 0 && wants_note(state)) note = make_note(chain, s, state);
    if (note == nullptr) return false;
    note->event.store(events == 0 ? nullptr : event);
    note->window.store(events == 0 ? nullptr : window);
    note->message.store(message);
    note->events.store(events);
    switch (note->leading.load()) {  // in one order with tell_program
        case Leading::no: return false;
        case Leading::under_way: return true;
        case Leading::led:
        case Leading::failed: break;
    }
    if (events == 0 || !note->connect_untold.load()) return false;
    error = register_below(chain, s, *note);
    return true;
}

// By WSAEventSelect or WSAAsyncSelect, which also make it non-blocking.
void mark_registered(SOCKET s, bool registered) noexcept {
    mark_watched(s, registered);
    mark_nonblocking(s, true);
}

// A program's set, or the one that is asked about below. FD_SETSIZE is the program's own, so it may be of any length.
class SocketSet {
  public:
    // False if it cannot be read, or there is no memory.
    bool read(const fd_set* from) noexcept {
        if (from == nullptr) return true;
        if (!guarded_read(count_, &from->fd_count) || !memory_.allocate(bytes_of(count_))) return false;
        get()->fd_count = count_;
        return guarded_copy(get()->fd_array, from->fd_array, count_ * sizeof(SOCKET));
    }
    bool write(fd_set* to) const noexcept {
        return to == nullptr || (guarded_write(&to->fd_count, get()->fd_count) &&
                                 guarded_copy(to->fd_array, get()->fd_array, get()->fd_count * sizeof(SOCKET)));
    }
    // Takes those of the other that `fits`.
    template <typename Fits>
    void take(const SocketSet& from, Fits fits) noexcept {
        if (get() == nullptr) return;
        fd_set* const mine = get();
        mine->fd_count = 0;
        for (u_int i = 0; i < from.count_; ++i) {
            const SOCKET s = from.get()->fd_array[i];
            if (fits(s)) mine->fd_array[mine->fd_count++] = s;
        }
    }
    bool make_room(const SocketSet& like) noexcept {
        return like.get() == nullptr || memory_.allocate(bytes_of(like.count_));
    }
    void add(SOCKET s) noexcept {
        if (get() != nullptr) get()->fd_array[get()->fd_count++] = s;
    }

    fd_set* get() const noexcept { return static_cast<fd_set*>(memory_.get()); }
    u_int size() const noexcept { return get() == nullptr ? 0 : get()->fd_count; }

    template <typename Visit>
    void for_each(Visit visit) const noexcept {
        for (u_int i = 0; i < count_; ++i) visit(get()->fd_array[i]);
    }

  private:
    static std::size_t bytes_of(std::size_t count) noexcept {
        return std::max(sizeof(fd_set), offsetof(fd_set, fd_array) + count * sizeof(SOCKET));
    }

    system::Pages memory_;
    u_int count_ = 0;  // as it was read
};

Leading leading_of(SOCKET s) noexcept {
    const Note* const note = find_led(s, sockets.get(s));
    return note == nullptr ? Leading::no : note->leading.load(std::memory_order_acquire);
}

// A failed connect is told of among the exceptions, until its error has been asked for.
bool has_failed(SOCKET s) noexcept {
    const Note* const note = find_led(s, sockets.get(s));
    return note != nullptr && note->leading.load(std::memory_order_acquire) == Leading::failed && note->untold.load();
}

// Of select: how long it goes on without a look at the handshakes, when it waits for other sockets too.
constexpr std::uint32_t select_slice_ms = 10;

struct Sets {
    SocketSet read, write, except;

    template <typename Visit>
    void for_each_set(Sets& other, Visit visit) noexcept {
        visit(read, other.read);
        visit(write, other.write);
        visit(except, other.except);
    }
    u_int size() const noexcept { return read.size() + write.size() + except.size(); }
};

// Waits for the first of the handshakes to end.
void wait_for_any(const Sets& asked, DWORD milliseconds) noexcept {
    HANDLE ends[MAXIMUM_WAIT_OBJECTS];
    DWORD count = 0;
    for (const SocketSet* const set : {&asked.read, &asked.write, &asked.except}) {
        set->for_each([&](SOCKET s) {
            Note* const note = find_led(s, sockets.get(s));
            Handshake* const handshake = note == nullptr ? nullptr : note->handshake.load(std::memory_order_acquire);
            if (handshake != nullptr && count < std::size(ends)) ends[count++] = handshake->concluded;
        });
    }
    // Their memory may be others' by now, so not for long without a look.
    const DWORD slice = std::min<DWORD>(milliseconds, 50);
    if (count == 0) {
        Sleep(std::min<DWORD>(slice, 1));
    } else {
        WaitForMultipleObjects(count, ends, FALSE, slice);
    }
}

// Sockets on their way to a proxy are writable below long before they are connected, so they are asked about only once
// that is over.
int select_led(Chain& chain, int count, Sets& asked, fd_set* read, fd_set* write, fd_set* except,
               const timeval* timeout, LPINT error) noexcept {
    Sets below;
    bool room = true;
    below.for_each_set(asked, [&room](SocketSet& mine, SocketSet& whole) { room = room && mine.make_room(whole); });
    if (!room) return fail(WSAENOBUFS, error);
    timeval patience{};
    if (timeout != nullptr && !guarded_read(patience, timeout)) return fail(WSAEFAULT, error);
    const auto limit = static_cast<std::uint64_t>(patience.tv_sec) * 1000 + patience.tv_usec / 1000;
    const std::uint32_t begun = system::milliseconds();
    for (;;) {
        below.for_each_set(asked, [](SocketSet& mine, SocketSet& whole) {
            mine.take(whole, [](SOCKET s) { return leading_of(s) != Leading::under_way && !has_failed(s); });
        });
        u_int failed = 0;
        asked.except.for_each([&failed](SOCKET s) { failed += has_failed(s) ? 1 : 0; });
        const std::uint64_t passed = system::milliseconds() - begun;
        const bool over = failed != 0 || (timeout != nullptr && passed >= limit);
        const std::uint64_t left = over ? 0 : timeout == nullptr ? INFINITE : limit - passed;
        int ready = 0;
        if (below.size() != 0) {
            bool under_way = false;
            for (const SocketSet* const set : {&asked.read, &asked.write, &asked.except}) {
                set->for_each([&](SOCKET s) { under_way = under_way || leading_of(s) == Leading::under_way; });
            }
            const std::uint64_t slice = under_way ? std::min<std::uint64_t>(left, select_slice_ms) : left;
            timeval wait{static_cast<long>(slice / 1000), static_cast<long>(slice % 1000 * 1000)};
            fd_set* const sets[] = {below.read.get(), below.write.get(), below.except.get()};
            ready = chain.lower.lpWSPSelect(count, sets[0], sets[1], sets[2],
                                            left == INFINITE && !under_way ? nullptr : &wait, error);
            if (ready == SOCKET_ERROR) return SOCKET_ERROR;
        } else if (!over) {
            wait_for_any(asked, static_cast<DWORD>(std::min<std::uint64_t>(left, INFINITE)));
        }
        if (ready == 0 && !over) continue;
        if (ready == 0) {
            below.for_each_set(asked, [](SocketSet& mine, SocketSet&) {
                if (mine.get() != nullptr) mine.get()->fd_count = 0;
            });
        }
        asked.except.for_each([&below](SOCKET s) {
            if (has_failed(s)) below.except.add(s);
        });
        if (!below.read.write(read) || !below.write.write(write) || !below.except.write(except)) {
            return fail(WSAEFAULT, error);
        }
        return ready + static_cast<int>(failed);
    }
}

}  // namespace

bool select_among_led(Chain& chain, int count, fd_set* read, fd_set* write, fd_set* except, const timeval* timeout,
                      LPINT error, int& result) noexcept {
    Sets asked;
    // What cannot be read is the lower provider's to say.
    if (!asked.read.read(read) || !asked.write.read(write) || !asked.except.read(except)) return false;
    bool led = false;
    for (const SocketSet* const set : {&asked.read, &asked.write, &asked.except}) {
        set->for_each([&led](SOCKET s) { led = led || leading_of(s) == Leading::under_way || has_failed(s); });
    }
    if (led) result = select_led(chain, count, asked, read, write, except, timeout, error);
    return led;
}

int event_select_stream(Chain& chain, SOCKET s, WSAEVENT event, long events, LPINT error) noexcept {
    int failed = 0;
    if (keep_registration(chain, s, event, nullptr, 0, events, failed)) return failed == 0 ? 0 : fail(failed, error);
    const int result = chain.lower.lpWSPEventSelect(s, event, events, error);
    if (result == 0) mark_registered(s, events != 0);
    return result;
}

int async_select_stream(Chain& chain, SOCKET s, HWND window, unsigned message, long events, LPINT error) noexcept {
    int failed = 0;
    if (keep_registration(chain, s, nullptr, window, message, events, failed))
        return failed == 0 ? 0 : fail(failed, error);
    const int result = chain.lower.lpWSPAsyncSelect(s, window, message, events, error);
    if (result == 0) mark_registered(s, events != 0);
    return result;
}

int enum_network_events(Chain& chain, SOCKET s, WSAEVENT event, LPWSANETWORKEVENTS events, LPINT error) {
    Note* const note = find_led(s, sockets.get(s));
    const Leading leading = note == nullptr ? Leading::no : note->leading.load(std::memory_order_acquire);
    const bool over = leading == Leading::led || leading == Leading::failed;
    const bool tell = over && (note->events.load() & FD_CONNECT) != 0 && note->connect_untold.exchange(false);
    if (leading != Leading::under_way && !tell) return chain.lower.lpWSPEnumNetworkEvents(s, event, events, error);
    WSANETWORKEVENTS told{};
    if (leading == Leading::led) {
        if (chain.lower.lpWSPEnumNetworkEvents(s, event, &told, error) != 0) return SOCKET_ERROR;
    } else if (event != nullptr) {
        ResetEvent(event);
    }
    if (tell) {
        told.lNetworkEvents |= FD_CONNECT;
        told.iErrorCode[FD_CONNECT_BIT] = note->failure.load();
        note->untold.store(false);
    }
    return guarded_write(events, told) ? 0 : fail(WSAEFAULT, error);
}

int get_peer_name(Chain& chain, SOCKET s, sockaddr* name, LPINT name_length, LPINT error) {
    const SocketState state = sockets.get(s);
    Note* const note = find_led(s, state);
    if (note == nullptr) return chain.lower.lpWSPGetPeerName(s, name, name_length, error);
    if (note->leading.load(std::memory_order_acquire) != Leading::led || note->unfinished.load()) {
        return fail(WSAENOTCONN, error);
    }
    // Whether the connection is there still is the lower provider's to say.
    sockaddr_storage below{};
    int length = sizeof(below);
    if (chain.lower.lpWSPGetPeerName(s, reinterpret_cast<sockaddr*>(&below), &length, error) != 0) return SOCKET_ERROR;
    const SocketAddress real = make_socket_address(note->destination.address, state.family, note->destination.port);
    if (!guarded_read(length, name_length)) return fail(WSAEFAULT, error);
    if (length < real.length || !guarded_copy(name, &real.any, static_cast<std::size_t>(real.length)) ||
        !guarded_write(name_length, real.length)) {
        return fail(WSAEFAULT, error);
    }
    return 0;
}

int shutdown(Chain& chain, SOCKET s, int how, LPINT error) {
    if (leading_of(s) == Leading::under_way) return fail(WSAENOTCONN, error);
    return chain.lower.lpWSPShutdown(s, how, error);
}

BOOL disconnect_ex(Chain& asked, SOCKET s, LPOVERLAPPED overlapped, DWORD flags, DWORD reserved) {
    const SocketState state = sockets.get(s);
    Chain& chain = chain_of(asked, state);
    Note* const note = find_led(s, state);
    if (note != nullptr && note->leading.load(std::memory_order_acquire) == Leading::under_way) {
        WSASetLastError(WSAENOTCONN);
        return FALSE;
    }
    // The socket is to be new, for another connect.
    const bool renewed = note != nullptr && (flags & TF_REUSE_SOCKET) != 0;
    const Leading before = renewed ? note->leading.exchange(Leading::no) : Leading::no;
    const LPFN_DISCONNECTEX lower = chain.lower_disconnect_ex.load(std::memory_order_acquire) != nullptr
                                        ? chain.lower_disconnect_ex.load(std::memory_order_acquire)
                                        : asked.lower_disconnect_ex.load(std::memory_order_acquire);
    const BOOL done = lower(s, overlapped, flags, reserved);
    if (!done && renewed && WSAGetLastError() != WSA_IO_PENDING) note->leading.store(before);
    return done;
}

bool answer_led_option(SOCKET s, int name, char* value, LPINT value_length, LPINT error, int& result) noexcept {
    if (name != SO_ERROR && name != SO_CONNECT_TIME) return false;
    Note* const note = find_led(s, sockets.get(s));
    const Leading leading = note == nullptr ? Leading::no : note->leading.load(std::memory_order_acquire);
    int told = 0;
    if (name == SO_CONNECT_TIME) {
        // Programs that use ConnectEx ask so whether they are connected.
        if (leading != Leading::under_way && leading != Leading::failed) return false;
        told = -1;
    } else if (leading == Leading::failed && note->untold.exchange(false)) {
        told = note->failure.load();
    } else if (leading != Leading::under_way) {
        return false;
    }
    int length = 0;
    const int whole = sizeof(told);
    const bool written = guarded_read(length, value_length) && length >= whole && guarded_write(value, told) &&
                         guarded_write(value_length, whole);
    result = written ? 0 : fail(WSAEFAULT, error);
    return true;
}

bool finish_led_connect(SOCKET s, LPINT error, int& result) noexcept {
    Note* const note = find_led(s, sockets.get(s));
    if (note == nullptr) return false;
    switch (note->leading.load(std::memory_order_acquire)) {
        case Leading::no: return false;
        case Leading::under_way: result = fail(WSAENOTCONN, error); return true;
        case Leading::failed:
            note->untold.store(false);
            result = fail(note->failure.load(), error);
            return true;
        case Leading::led: break;
    }
    // It has been done below, when the proxy was reached.
    note->unfinished.store(false);
    result = 0;
    return true;
}

void wait_for_led(SOCKET s) noexcept {
    if (Note* const note = find_led(s, sockets.get(s))) wait_for_handshake(*note, INFINITE);
}

void wait_before_polling(SOCKET s) noexcept {
    const SocketState state = sockets.get(s);
    if (state.type != SocketType::stream) return;
    if (Note* const note = find_led(s, state)) {
        wait_for_handshake(*note, INFINITE);
    } else {
        mark_watched(s, true);
    }
}

}  // namespace lsp::provider::hooks
