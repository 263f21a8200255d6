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

template <std::size_t slot, auto hook, typename Procedure>
void put(Procedure& entry) noexcept {
    entry = &Bound<slot, hook, Procedure>::call;
}

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
    const SocketKind kind = sockets.get(s).kind;
    const bool settled = kind == SocketKind::explicit_ || kind == SocketKind::ours;
    return (settled ? chains[slot].lower.lpWSPSendTo : &send_to_unsettled<slot>)(s, buffers, buffer_count, sent, flags,
                                                                                 to, to_length, overlapped, completion,
                                                                                 thread, error);
}

template <std::size_t slot>
int WSPAPI cleanup(LPINT error) {
    return clean_up(slot, error);
}

template <std::size_t slot>
void fill(WSPPROC_TABLE& table) noexcept {
    table = chains[slot].lower;
    table.lpWSPCleanup = cleanup<slot>;
    put<slot, hooks::socket>(table.lpWSPSocket);
    put<slot, hooks::accept>(table.lpWSPAccept);
    put<slot, hooks::join_leaf>(table.lpWSPJoinLeaf);
    put<slot, hooks::close_socket>(table.lpWSPCloseSocket);
    put<slot, hooks::duplicate_socket>(table.lpWSPDuplicateSocket);
    put<slot, hooks::bind>(table.lpWSPBind);
    put<slot, hooks::connect>(table.lpWSPConnect);
    put<slot, hooks::get_option>(table.lpWSPGetSockOpt);
    put<slot, hooks::set_option>(table.lpWSPSetSockOpt);
    put<slot, hooks::ioctl>(table.lpWSPIoctl);
    put<slot, hooks::get_socket_name>(table.lpWSPGetSockName);
    // ws2_32 gives select to the provider of the first socket, whatever the others are.
    put<slot, hooks::select>(table.lpWSPSelect);
    put<slot, hooks::listen>(table.lpWSPListen);

    if (chains[slot].type != SocketType::stream) {
        table.lpWSPSendTo = send_to<slot>;
        put<slot, hooks::receive>(table.lpWSPRecv);
        put<slot, hooks::receive_from>(table.lpWSPRecvFrom);
        put<slot, hooks::event_select>(table.lpWSPEventSelect);
        put<slot, hooks::async_select>(table.lpWSPAsyncSelect);
    }
}

struct Slot {
    void (*fill)(WSPPROC_TABLE&) noexcept;
    LPFN_CONNECTEX connect_ex;
    LPFN_WSASENDMSG send_msg;
    LPFN_WSARECVMSG recv_msg;
};

template <std::size_t slot>
constexpr Slot slot_of() {
    return {fill<slot>, &Bound<slot, hooks::connect_ex, LPFN_CONNECTEX>::call,
            &Bound<slot, hooks::send_msg, LPFN_WSASENDMSG>::call,
            &Bound<slot, hooks::receive_msg, LPFN_WSARECVMSG>::call};
}

template <std::size_t... slot>
const Slot& slot_at(std::size_t index, std::index_sequence<slot...>) noexcept {
    static constexpr Slot slots[] = {slot_of<slot>()...};
    return slots[index];
}

const Slot& slot_at(std::size_t index) noexcept { return slot_at(index, std::make_index_sequence<chain_capacity>{}); }

const Slot& slot_of(const Chain& chain) noexcept { return slot_at(static_cast<std::size_t>(&chain - chains)); }

}  // namespace

void fill_procedure_table(std::size_t slot, WSPPROC_TABLE& table) noexcept { slot_at(slot).fill(table); }

LPFN_CONNECTEX connect_ex_of(const Chain& chain) noexcept { return slot_of(chain).connect_ex; }
LPFN_WSASENDMSG send_msg_of(const Chain& chain) noexcept { return slot_of(chain).send_msg; }
LPFN_WSARECVMSG recv_msg_of(const Chain& chain) noexcept { return slot_of(chain).recv_msg; }

}  // namespace lsp::provider
