#include "procedures.hpp"

#include <type_traits>
#include <utility>

#include "flow.hpp"
#include "guarded_copy.hpp"
#include "hooks/hooks.hpp"
#include "inlining.hpp"
#include "policy_cache.hpp"

namespace lsp::provider {

namespace {

// The procedures of one slot. Each only adds the chain to the hook's arguments; the parameter types are deduced from
// the SPI's own function types, so that calling convention and argument sizes cannot drift from ws2spi.h.
template <std::size_t slot, auto hook, typename Procedure>
struct Bound;

template <std::size_t slot, auto hook, typename Result, typename... Arguments>
struct Bound<slot, hook, Result(WSPAPI*)(Arguments...)> {
    static Result WSPAPI call(Arguments... arguments) { return hook(chains[slot], arguments...); }
};

// A datagram that goes as the program sends it costs a look and a jump: the lower procedure takes the same arguments
// from the same places, and so does the hook's.
template <std::size_t slot>
LSP_APART int WSPAPI send_to_decided(SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags,
                                     const sockaddr* to, int to_length, LPWSAOVERLAPPED overlapped,
                                     LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread, LPINT error) {
    return hooks::send_to(chains[slot], s, buffers, buffer_count, sent, flags, to, to_length, overlapped, completion,
                          thread, error);
}

inline bool goes_as_it_is(SOCKET s, const sockaddr* to, int to_length) noexcept {
    const SocketState state = sockets.get(s);
    if (state.kind == SocketKind::explicit_ || (state.kind == SocketKind::ours && !state.pinned)) return !needs_look();
    return state.kind == SocketKind::wildcard && !state.ruled && !has_own_choice(state) &&
           is_kept_again(state, to, to_length);
}

template <std::size_t slot>
LSP_FLAT int WSPAPI send_to(SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags,
                            const sockaddr* to, int to_length, LPWSAOVERLAPPED overlapped,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread, LPINT error) {
    return (goes_as_it_is(s, to, to_length) ? chains[slot].lower.lpWSPSendTo
                                            : &send_to_decided<slot>)(s, buffers, buffer_count, sent, flags, to,
                                                                      to_length, overlapped, completion, thread, error);
}

// So do the calls that carry a connection's data, unless something about it is still to be checked; on streams, where
// no rule can want that as the chain starts, they are the lower provider's own.
template <std::size_t slot, auto lower, auto hook, typename Procedure>
struct Checked;

template <std::size_t slot, auto lower, auto hook, typename Result, typename... Arguments>
struct Checked<slot, lower, hook, Result(WSPAPI*)(SOCKET, Arguments...)> {
    LSP_APART static Result WSPAPI checked(SOCKET s, Arguments... arguments) {
        return hook(chains[slot], s, arguments...);
    }
    static Result WSPAPI call(SOCKET s, Arguments... arguments) {
        return (sockets.get(s).unchecked ? &checked : chains[slot].lower.*lower)(s, arguments...);
    }
};

enum class On { all, streams, not_streams };

// A hooked call: where it stands in the table, our hook, and on which chains.
template <auto entry, auto hook, On on = On::all>
struct Hook {
    template <std::size_t slot>
    static void put(WSPPROC_TABLE& table) noexcept {
        const bool stream = chains[slot].type == SocketType::stream;
        if (on == (stream ? On::not_streams : On::streams)) return;
        auto& procedure = table.*entry;
        procedure = &Bound<slot, hook, std::remove_reference_t<decltype(procedure)>>::call;
    }
};

template <auto entry, auto hook, On on = On::all>
struct CheckedHook {
    template <std::size_t slot>
    static void put(WSPPROC_TABLE& table) noexcept {
        const bool stream = chains[slot].type == SocketType::stream;
        if (stream ? !policy_checks() : on == On::streams) return;
        auto& procedure = table.*entry;
        procedure = &Checked<slot, entry, hook, std::remove_reference_t<decltype(procedure)>>::call;
    }
};

struct SendToHook {
    template <std::size_t slot>
    static void put(WSPPROC_TABLE& table) noexcept {
        if (chains[slot].type != SocketType::stream) table.lpWSPSendTo = &send_to<slot>;
    }
};

template <typename... Each>
struct HookList {
    template <std::size_t slot>
    static void put(WSPPROC_TABLE& table) noexcept {
        (Each::template put<slot>(table), ...);
    }
};

using Table = WSPPROC_TABLE;
// clang-format off
using Hooks = HookList<
    Hook<&Table::lpWSPCleanup, hooks::cleanup>,
    Hook<&Table::lpWSPSocket, hooks::socket>,
    Hook<&Table::lpWSPAccept, hooks::accept>,
    Hook<&Table::lpWSPJoinLeaf, hooks::join_leaf>,
    Hook<&Table::lpWSPCloseSocket, hooks::close_socket>,
    Hook<&Table::lpWSPDuplicateSocket, hooks::duplicate_socket>,
    Hook<&Table::lpWSPBind, hooks::bind>,
    Hook<&Table::lpWSPConnect, hooks::connect>,
    Hook<&Table::lpWSPGetSockOpt, hooks::get_option>,
    Hook<&Table::lpWSPSetSockOpt, hooks::set_option>,
    Hook<&Table::lpWSPIoctl, hooks::ioctl>,
    Hook<&Table::lpWSPGetSockName, hooks::get_socket_name>,
    // ws2_32 gives select to the provider of the first socket, whatever the others are.
    Hook<&Table::lpWSPSelect, hooks::select>,
    Hook<&Table::lpWSPListen, hooks::listen>,
    SendToHook,
    CheckedHook<&Table::lpWSPSend, hooks::send>,
    CheckedHook<&Table::lpWSPRecv, hooks::receive, On::streams>,
    Hook<&Table::lpWSPRecv, hooks::receive, On::not_streams>,
    Hook<&Table::lpWSPRecvFrom, hooks::receive_from, On::not_streams>,
    Hook<&Table::lpWSPEventSelect, hooks::event_select>,
    Hook<&Table::lpWSPAsyncSelect, hooks::async_select>,
    Hook<&Table::lpWSPEnumNetworkEvents, hooks::enum_network_events, On::streams>,
    Hook<&Table::lpWSPGetPeerName, hooks::get_peer_name, On::streams>,
    Hook<&Table::lpWSPShutdown, hooks::shutdown, On::streams>>;
// clang-format on

// A hooked extension function: its id, where the chain keeps the lower provider's, and our hook.
template <std::size_t slot, auto lower, auto hook>
bool exchange(const GUID& wanted, const GUID& id, void* out) noexcept {
    if (!IsEqualGUID(wanted, id)) return false;
    auto& place = chains[slot].*lower;
    using Function = decltype(place.load());
    Function given = nullptr;
    if (!guarded_read(given, out) || given == nullptr) return true;
    place.store(given, std::memory_order_release);
    const Function ours = &Bound<slot, hook, Function>::call;
    guarded_write(out, ours);
    return true;
}

template <std::size_t slot>
void exchange_extension(const GUID& id, void* out) noexcept {
    (void)(exchange<slot, &Chain::lower_connect_ex, hooks::connect_ex>(GUID WSAID_CONNECTEX, id, out) ||
           exchange<slot, &Chain::lower_accept_ex, hooks::accept_ex>(GUID WSAID_ACCEPTEX, id, out) ||
           exchange<slot, &Chain::lower_send_msg, hooks::send_msg>(GUID WSAID_WSASENDMSG, id, out) ||
           exchange<slot, &Chain::lower_disconnect_ex, hooks::disconnect_ex>(GUID WSAID_DISCONNECTEX, id, out) ||
           exchange<slot, &Chain::lower_recv_msg, hooks::receive_msg>(GUID WSAID_WSARECVMSG, id, out));
}

// All that is instantiated of a slot.
struct Slot {
    void (*fill)(WSPPROC_TABLE&) noexcept;
    void (*exchange_extension)(const GUID&, void*) noexcept;
};

template <std::size_t... slot>
const Slot& slot_at(std::size_t index, std::index_sequence<slot...>) noexcept {
    static constexpr Slot slots[] = {{&Hooks::put<slot>, &exchange_extension<slot>}...};
    return slots[index];
}

const Slot& slot_at(std::size_t index) noexcept { return slot_at(index, std::make_index_sequence<chain_capacity>{}); }

}  // namespace

void fill_procedure_table(std::size_t slot, WSPPROC_TABLE& table) noexcept {
    table = chains[slot].lower;
    slot_at(slot).fill(table);
}

void replace_extension(Chain& chain, const GUID& id, void* out) noexcept {
    slot_at(static_cast<std::size_t>(&chain - chains)).exchange_extension(id, out);
}

}  // namespace lsp::provider
