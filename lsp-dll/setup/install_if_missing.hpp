// Installing as OpenVPN's plugin does it.
#pragma once

#include <string>

#include "setup.hpp"

namespace lsp::setup {

// Copies the provider's DLL (and winsock-lsp-ia32.dll beside it, for 32-bit programs) to where only administrators can
// write, and installs that; nothing if the provider is installed already. Errors: those of stage_provider_dll and
// install_provider.
system::Result<InstallReport> install_if_missing(const std::wstring& provider_dll);

}  // namespace lsp::setup
