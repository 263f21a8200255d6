// winsock-lsp-setup.dll beside our own DLL, loaded for one call and let go again.
#pragma once

#include <string>

namespace lsp::plugin {

struct SetupAnswer {
    bool good = false;
    bool changed = false;
    std::wstring path;    // what was installed
    std::string message;  // UTF-8: what went wrong and what to do
};

SetupAnswer install_with_setup_dll();
SetupAnswer remove_with_setup_dll();

}  // namespace lsp::plugin
