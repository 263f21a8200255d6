// Private to setup: files and folders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "../system/environment.hpp"
#include "../system/error.hpp"
#include "../system/handle.hpp"

namespace lsp::setup {

std::wstring environment_variable(const wchar_t* name);  // empty if it is not set
bool file_exists(const std::wstring& path) noexcept;     // a file, not a folder
bool is_full_path(const std::wstring& path) noexcept;    // "X:\…" or "\\server\…"
std::wstring folder_of(const std::wstring& path);        // without the last separator; empty if there is none

// Makes the last folder of the path, and says if it exists afterwards. Win32 error, 0 on success.
DWORD make_folder(const std::wstring& path, SECURITY_ATTRIBUTES* security) noexcept;

// What is in a folder, without "." and ".."; nothing if it cannot be read.
std::vector<WIN32_FIND_DATAW> members_of(const std::wstring& folder);
bool is_folder(const WIN32_FIND_DATAW& member) noexcept;  // and not a link to one

// Whole files, of at most 64 MiB. Win32 error, 0 on success.
DWORD read_file(const std::wstring& path, std::vector<unsigned char>& bytes);
// Fails if the file exists. Leaves nothing behind when it fails. Without `security` the file's rights are inherited.
DWORD write_new_file(const std::wstring& path, const void* bytes, std::size_t size,
                     SECURITY_ATTRIBUTES* security = nullptr);

}  // namespace lsp::setup
