#include "notes.hpp"

#include "handshake.hpp"
#include "lower.hpp"
#include "pages.hpp"

namespace lsp::provider {

namespace {

constinit HandleTable<Note*> places;
constinit ItemPool<Note, 64> all_notes;

}  // namespace

void give_back(Note& note) noexcept {
    note.port.store(0, std::memory_order_relaxed);
    note.leading.store(Leading::no, std::memory_order_relaxed);
    note.event.store(nullptr, std::memory_order_relaxed);
    note.window.store(nullptr, std::memory_order_relaxed);
    note.events.store(0, std::memory_order_relaxed);
    note.listener.store(0, std::memory_order_relaxed);
    note.taken.store(false, std::memory_order_release);
}

Note* make_note(Chain& chain, SOCKET s, SocketState& state) noexcept {
    if (Note* const there = find_note(s, state)) return there;
    places.use_memory(page_memory);
    auto* const place = places.find_or_make(s);
    Note* const note = place == nullptr ? nullptr : all_notes.take();
    if (note == nullptr) return nullptr;
    note->socket.store(s, std::memory_order_relaxed);
    note->chain.store(&chain, std::memory_order_relaxed);
    Note* other = nullptr;
    SocketState noted = state;
    noted.noted = true;
    if (place->compare_exchange_strong(other, note, std::memory_order_acq_rel, std::memory_order_acquire)) {
        SocketState expected = state;
        if (sockets.exchange(s, expected, noted)) {
            state = noted;
            return note;
        }
        place->store(nullptr, std::memory_order_release);
    }
    note->socket.store(0, std::memory_order_relaxed);
    give_back(*note);
    return nullptr;
}

Note* find_note(SOCKET s, const SocketState& state) noexcept {
    if (!state.noted) return nullptr;
    const auto* const place = places.find(s);
    return place == nullptr ? nullptr : place->load(std::memory_order_acquire);
}

void drop_reservation(Note& note) noexcept {
    const SOCKET reserved = note.reservation.exchange(0);
    if (reserved != 0) lower::close_socket(*note.chain.load(), reserved);
}

void drop_note(SOCKET s) noexcept {
    auto* const place = places.find(s);
    Note* const note = place == nullptr ? nullptr : place->exchange(nullptr, std::memory_order_acq_rel);
    if (note == nullptr) return;
    abandon_handshake(*note);
    drop_reservation(*note);
    note->socket.store(0, std::memory_order_release);
    // Whoever is later of this and the timer gives it back.
    if (!note->timed.exchange(false)) give_back(*note);
}

void forget_socket(SOCKET s) noexcept {
    if (sockets.get(s).noted) drop_note(s);
    sockets.forget(s);
}

void remember_socket(SOCKET s, SocketState state) noexcept {
    if (sockets.get(s).noted) drop_note(s);
    sockets.set(s, state);
}

}  // namespace lsp::provider
