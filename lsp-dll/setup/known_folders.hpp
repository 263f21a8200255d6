// Private to setup: Windows' folders by the registry's word. A user may set environment variables that an elevated
// process inherits.
#pragma once

#include <string>

namespace lsp::setup {

// %ProgramFiles% of native programs. The variables where the registry does not tell.
std::wstring program_files();

// %ProgramData%; of Windows XP, the profile of all users. Empty if the registry does not tell.
std::wstring program_data();

}  // namespace lsp::setup
