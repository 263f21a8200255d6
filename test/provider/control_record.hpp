// One record of control data, as a program builds it for WSASendMsg.
#pragma once

#include <winsock2.h>
// Below winsock2.h
#include <mswsock.h>

namespace test {

inline constexpr int ip_ecn = 50;

struct alignas(8) ControlRecord {
    WSACMSGHDR header{};
    char data[16]{};

    // Of level IPPROTO_IP, with so many bytes of data.
    ControlRecord(int type, unsigned length) {
        header.cmsg_len = WSA_CMSG_LEN(length);
        header.cmsg_level = IPPROTO_IP;
        header.cmsg_type = type;
    }
    WSABUF buffer() {
        return {static_cast<ULONG>(WSA_CMSG_SPACE(header.cmsg_len - WSA_CMSG_LEN(0))), reinterpret_cast<char*>(this)};
    }
};

}  // namespace test
