// What the benchmarks that are Windows programs measure with.
#pragma once

#include <winsock2.h>
#include <ws2tcpip.h>
// Below winsock2.h
#include <windows.h>

#include <algorithm>
#include <vector>

namespace measure {

inline sockaddr_in name_of(const char* address, int port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<u_short>(port));
    inet_pton(AF_INET, address, &name.sin_addr);
    return name;
}

inline double seconds_now() {
    LARGE_INTEGER frequency;
    LARGE_INTEGER now;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    return static_cast<double>(now.QuadPart) / static_cast<double>(frequency.QuadPart);
}

inline double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

// Median of the batches' means, in seconds a call.
template <typename Call>
double cost(Call call, int batch, int batches) {
    std::vector<double> means;
    for (int i = 0; i < batches; ++i) {
        const double begin = seconds_now();
        for (int j = 0; j < batch; ++j) call();
        means.push_back((seconds_now() - begin) / batch);
    }
    return median(means);
}

}  // namespace measure
