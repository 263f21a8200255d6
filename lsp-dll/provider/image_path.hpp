// Where the program's image really lies.
#pragma once

#include <windows.h>
#include <winsock2.h>

namespace lsp::provider {

inline constexpr DWORD image_path_capacity = 32768;  // characters: the longest path that Windows knows

// The full path of the program's image, without "\\?\", however it was started: by a short name (C:\PROGRA~1\…), over a
// junction, a link, a drive that `subst` made. A mapped network drive gives \\server\share\…. Before Vista links and
// `subst` stay as they are. `path` and `spare` have room for image_path_capacity characters each. Gives the length, 0
// if the system tells nothing.
DWORD find_image_path(wchar_t* path, wchar_t* spare) noexcept;

// The same for a path of that length as GetModuleFileNameW gives it: it tells how the program was started.
DWORD make_path_final(wchar_t* path, DWORD length, wchar_t* spare) noexcept;

}  // namespace lsp::provider
