#include "procedures.hpp"

#include <utility>

#include "hooks.hpp"
#include "startup.hpp"

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

// A socket whose source is settled costs a look and a jump: the lower procedure takes the same arguments from the same
// places, and so does the hook's. In one function GCC would fetch them all before the look.
#if defined(__GNUC__)
#define LSP_LOOK __attribute__((flatten))
#define LSP_APART __attribute__((noinline))
#else
#define LSP_LOOK
#define LSP_APART __declspec(noinline)
#endif

template <std::size_t slot>
LSP_APART int WSPAPI send_to_unsettled(SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags,
                                       const sockaddr* to, int to_length, LPWSAOVERLAPPED overlapped,
                                       LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread,
                                       LPINT error) {
    return hooks::send_to(chains[slot], s, buffers, buffer_count, sent, flags, to, to_length, overlapped, completion,
                          thread, error);
}

template <std::size_t slot>
LSP_LOOK int WSPAPI send_to(SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags,
                            const sockaddr* to, int to_length, LPWSAOVERLAPPED overlapped,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread, LPINT error) {
    const SocketState state = sockets.get(s);
    const bool settled = state.kind == SocketKind::explicit_ || (state.kind == SocketKind::ours && !state.pinned);
    return (settled ? chains[slot].lower.lpWSPSendTo : &send_to_unsettled<slot>)(s, buffers, buffer_count, sent, flags,
                                                                                 to, to_length, overlapped, completion,
                                                                                 thread, error);
}

template <std::size_t slot>
int WSPAPI cleanup(LPINT error) {
    return clean_up(slot, error);
}

// All that is instantiated of a slot.
struct Slot {
    LPWSPCLEANUP cleanup;
    LPWSPSOCKET socket;
    LPWSPACCEPT accept;
    LPWSPJOINLEAF join_leaf;
    LPWSPCLOSESOCKET close_socket;
    LPWSPDUPLICATESOCKET duplicate_socket;
    LPWSPBIND bind;
    LPWSPCONNECT connect;
    LPWSPGETSOCKOPT get_option;
    LPWSPSETSOCKOPT set_option;
    LPWSPIOCTL ioctl;
    LPWSPGETSOCKNAME get_socket_name;
    LPWSPSELECT select;
    LPWSPLISTEN listen;
    LPWSPSENDTO send_to;
    LPWSPRECV receive;
    LPWSPRECVFROM receive_from;
    LPWSPEVENTSELECT event_select;
    LPWSPASYNCSELECT async_select;
    LPFN_CONNECTEX connect_ex;
    LPFN_WSASENDMSG send_msg;
    LPFN_WSARECVMSG recv_msg;
};

template <std::size_t slot, auto hook, typename Procedure>
constexpr void put(Procedure& entry) {
    entry = &Bound<slot, hook, Procedure>::call;
}

template <std::size_t slot>
constexpr Slot slot_of() {
    Slot all{};
    all.cleanup = cleanup<slot>;
    put<slot, hooks::socket>(all.socket);
    put<slot, hooks::accept>(all.accept);
    put<slot, hooks::join_leaf>(all.join_leaf);
    put<slot, hooks::close_socket>(all.close_socket);
    put<slot, hooks::duplicate_socket>(all.duplicate_socket);
    put<slot, hooks::bind>(all.bind);
    put<slot, hooks::connect>(all.connect);
    put<slot, hooks::get_option>(all.get_option);
    put<slot, hooks::set_option>(all.set_option);
    put<slot, hooks::ioctl>(all.ioctl);
    put<slot, hooks::get_socket_name>(all.get_socket_name);
    put<slot, hooks::select>(all.select);
    put<slot, hooks::listen>(all.listen);
    all.send_to = send_to<slot>;
    put<slot, hooks::receive>(all.receive);
    put<slot, hooks::receive_from>(all.receive_from);
    put<slot, hooks::event_select>(all.event_select);
    put<slot, hooks::async_select>(all.async_select);
    put<slot, hooks::connect_ex>(all.connect_ex);
    put<slot, hooks::send_msg>(all.send_msg);
    put<slot, hooks::receive_msg>(all.recv_msg);
    return all;
}

template <std::size_t... slot>
const Slot& slot_at(std::size_t index, std::index_sequence<slot...>) noexcept {
    static constexpr Slot slots[] = {slot_of<slot>()...};
    return slots[index];
}

const Slot& slot_at(std::size_t index) noexcept { return slot_at(index, std::make_index_sequence<chain_capacity>{}); }

const Slot& slot_of(const Chain& chain) noexcept { return slot_at(static_cast<std::size_t>(&chain - chains)); }

}  // namespace

void fill_procedure_table(std::size_t slot, WSPPROC_TABLE& table) noexcept {
    const Slot& ours = slot_at(slot);
    table = chains[slot].lower;
    table.lpWSPCleanup = ours.cleanup;
    table.lpWSPSocket = ours.socket;
    table.lpWSPAccept = ours.accept;
    table.lpWSPJoinLeaf = ours.join_leaf;
    table.lpWSPCloseSocket = ours.close_socket;
    table.lpWSPDuplicateSocket = ours.duplicate_socket;
    table.lpWSPBind = ours.bind;
    table.lpWSPConnect = ours.connect;
    table.lpWSPGetSockOpt = ours.get_option;
    table.lpWSPSetSockOpt = ours.set_option;
    table.lpWSPIoctl = ours.ioctl;
    table.lpWSPGetSockName = ours.get_socket_name;
    // ws2_32 gives select to the provider of the first socket, whatever the others are.
    table.lpWSPSelect = ours.select;
    table.lpWSPListen = ours.listen;

    if (chains[slot].type != SocketType::stream) {
        table.lpWSPSendTo = ours.send_to;
        table.lpWSPRecv = ours.receive;
        table.lpWSPRecvFrom = ours.receive_from;
        table.lpWSPEventSelect = ours.event_select;
        table.lpWSPAsyncSelect = ours.async_select;
    }
}

LPFN_CONNECTEX connect_ex_of(const Chain& chain) noexcept { return slot_of(chain).connect_ex; }
LPFN_WSASENDMSG send_msg_of(const Chain& chain) noexcept { return slot_of(chain).send_msg; }
LPFN_WSARECVMSG recv_msg_of(const Chain& chain) noexcept { return slot_of(chain).recv_msg; }

}  // namespace lsp::provider
