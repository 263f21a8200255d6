#include "addresses.hpp"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace differential {

namespace {

struct Named {
    const char* name;
    const char* v4;
    const char* v6;
};

// network.ts has the same table.
constexpr Named table[] = {
    {"any", "0.0.0.0", "::"},
    {"loopback", "127.0.0.1", "::1"},
    {"physical", "11.22.33.44", "fd11::44"},
    {"virtual", "128.129.0.2", "fd80::2"},
    {"lan", "11.22.33.55", "fd11::55"},
    {"target", "1.2.3.4", "fd01::4"},
    {"near", "128.129.0.1", "fd80::1"},
    {"gateway", "11.22.33.1", "fd11::1"},
    {"foreign", "9.9.9.9", "fd09::9"},
    {"silent", "1.2.3.99", "fd01::99"},
    {"unreachable", "203.0.113.9", "fd99::9"},
    {"broadcast", "255.255.255.255", "ff02::1"},
    {"lan-broadcast", "11.22.33.255", "ff02::2"},
    {"tunnel-broadcast", "128.129.0.255", "ff02::3"},
    {"multicast", "239.1.2.3", "ff15::1"},
};

constexpr char mapped[] = "m-";

u_short parse_port(const std::string& text, u_short own_port) {
    if (text == "echo") return echo_port;
    if (text == "closed") return closed_port;
    if (text == "P") return own_port;
    if (text == "Q") return static_cast<u_short>(own_port + 1);
    return static_cast<u_short>(std::strtoul(text.c_str(), nullptr, 10));
}

const Named& find(const std::string& name) {
    for (const Named& each : table) {
        if (name == each.name) return each;
    }
    throw std::runtime_error("no address is called " + name);
}

}  // namespace

Address parse_address(const std::string& text, int family, u_short own_port) {
    const std::size_t colon = text.find(':');
    std::string name = text.substr(0, colon);
    const u_short port = parse_port(colon == std::string::npos ? "echo" : text.substr(colon + 1), own_port);
    const bool is_mapped = name.rfind(mapped, 0) == 0;
    if (is_mapped) name = name.substr(std::strlen(mapped));
    const Named& named = find(name);

    Address result;
    if (family == AF_INET6) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        const std::string numeric = is_mapped ? std::string("::ffff:") + named.v4 : named.v6;
        inet_pton(AF_INET6, numeric.c_str(), &v6.sin6_addr);
        std::memcpy(&result.storage, &v6, sizeof(v6));
        result.length = sizeof(v6);
    } else {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        inet_pton(AF_INET, named.v4, &v4.sin_addr);
        std::memcpy(&result.storage, &v4, sizeof(v4));
        result.length = sizeof(v4);
    }
    return result;
}

std::string name_of_host(const std::string& numeric) {
    constexpr char prefix[] = "::ffff:";
    const bool is_mapped = numeric.rfind(prefix, 0) == 0;
    const std::string bare = is_mapped ? numeric.substr(std::strlen(prefix)) : numeric;
    for (const Named& each : table) {
        if (bare == each.v4 || bare == each.v6) return (is_mapped ? mapped : "") + std::string(each.name);
    }
    return numeric;
}

std::string name_of_port(u_short port, u_short own_port) {
    switch (port) {
        case 0: return "0";
        case echo_port: return "echo";
        case closed_port: return "closed";
        default: return port == own_port ? "P" : port == own_port + 1 ? "Q" : "*";
    }
}

std::string name_of(const sockaddr* address, int length, u_short own_port) {
    char host[INET6_ADDRSTRLEN] = "";
    u_short port = 0;
    if (length >= static_cast<int>(sizeof(sockaddr_in)) && address->sa_family == AF_INET) {
        const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address);
        inet_ntop(AF_INET, const_cast<IN_ADDR*>(&v4.sin_addr), host, sizeof(host));
        port = ntohs(v4.sin_port);
    } else if (length >= static_cast<int>(sizeof(sockaddr_in6)) && address->sa_family == AF_INET6) {
        const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address);
        inet_ntop(AF_INET6, const_cast<IN6_ADDR*>(&v6.sin6_addr), host, sizeof(host));
        port = ntohs(v6.sin6_port);
    } else {
        return "length " + std::to_string(length) + " family " + std::to_string(address->sa_family);
    }
    return name_of_host(host) + ":" + name_of_port(port, own_port);
}

}  // namespace differential
