#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <winsock2.h>

#include <cstdio>
#include <string>

#include "children.hpp"
#include "system/catalog.hpp"
#include "system/text.hpp"

namespace {

// provider_tests install DLL: puts the DLL under test into the catalog, with the product's own installer.
int install(const char* dll) {
    lsp::system::InstallOptions options;
    options.dll = lsp::system::widen(dll);
    const auto report = lsp::system::install_provider(options);
    if (report) return 0;
    std::fprintf(stderr, "%s\n", report.error().message.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "child") return test::run_child(argv[2]);
    WSADATA data;
    if (const int error = WSAStartup(MAKEWORD(2, 2), &data); error != 0) return error;
    if (argc == 3 && std::string(argv[1]) == "install") return install(argv[2]);
    doctest::Context context(argc, argv);
    const int result = context.run();
    WSACleanup();
    return result;
}
