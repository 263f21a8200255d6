#include <windows.h>
#include <winsock2.h>

#include "../core/readable.hpp"
#include "routes.hpp"
#include "text.hpp"

namespace lsp::system {

Result<BestRoute> best_route(const IpAddress& destination) {
    BestRoute route;
    const std::uint32_t error = best_route(destination, route);
    if (error == NO_ERROR) return route;

    const char* remedy = "";
    if (error == ERROR_INVALID_PARAMETER && !destination) {
        remedy = "Give an IPv4 or IPv6 address.";
    } else if (error == ERROR_NOT_SUPPORTED) {
        remedy = "This system answers routes for IPv4 only.";
    } else if (error == ERROR_NETWORK_UNREACHABLE || error == ERROR_HOST_UNREACHABLE) {
        remedy = "Add a route to it, or connect the network that leads there.";
    }
    return system_error(error, route_function(),
                        concat({"Cannot find the best route to ", destination ? to_string(destination) : "no address"}),
                        remedy);
}

Result<BestRoute> best_route_through(std::uint32_t interface_index, const IpAddress& destination) {
    BestRoute route;
    const std::uint32_t error = best_route_through(interface_index, destination, route);
    if (error == NO_ERROR) return route;
    const char* remedy = "";
    if (error == ERROR_NETWORK_UNREACHABLE || error == ERROR_HOST_UNREACHABLE) {
        remedy = "Add one there; a default route with a higher metric than the best one's does.";
    } else if (error == ERROR_NOT_SUPPORTED) {
        remedy = "This system does not tell the routes of one interface.";
    }
    return system_error(error, "GetBestRoute2",
                        concat({"Cannot find a route to ", destination ? to_string(destination) : "no address",
                                " through interface ", std::to_string(interface_index)}),
                        remedy);
}

}  // namespace lsp::system
