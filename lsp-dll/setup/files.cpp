#include "files.hpp"

namespace lsp::setup {

using namespace system;
namespace {

constexpr DWORD largest_file = 64 * 1024 * 1024;

bool is_separator(wchar_t c) noexcept { return c == L'\\' || c == L'/'; }

}  // namespace

std::wstring environment_variable(const wchar_t* name) {
    std::wstring result(MAX_PATH, L'\0');
    for (int attempt = 0; attempt < 3; ++attempt) {
        const DWORD length = GetEnvironmentVariableW(name, result.data(), static_cast<DWORD>(result.size()));
        if (length < result.size()) {
            result.resize(length);
            return result;
        }
        result.resize(length);
    }
    return {};
}

bool file_exists(const std::wstring& path) noexcept {
    const DWORD attributes = GetFileAttributesW(path.c_str());
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

bool is_full_path(const std::wstring& path) noexcept {
    if (path.size() < 4) return false;
    return (path[1] == L':' && is_separator(path[2])) || (is_separator(path[0]) && is_separator(path[1]));
}

std::wstring folder_of(const std::wstring& path) {
    const std::size_t separator = path.find_last_of(L"\\/");
    return separator == std::wstring::npos ? std::wstring() : path.substr(0, separator);
}

DWORD make_folder(const std::wstring& path, SECURITY_ATTRIBUTES* security) noexcept {
    if (CreateDirectoryW(path.c_str(), security)) return ERROR_SUCCESS;
    const DWORD error = GetLastError();
    const DWORD attributes = GetFileAttributesW(path.c_str());
    const bool is_folder = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    return is_folder ? ERROR_SUCCESS : error;
}

std::vector<WIN32_FIND_DATAW> members_of(const std::wstring& folder) {
    std::vector<WIN32_FIND_DATAW> members;
    WIN32_FIND_DATAW found;
    const HANDLE search = FindFirstFileW((folder + L"\\*").c_str(), &found);
    if (search == INVALID_HANDLE_VALUE) return members;
    do {
        const std::wstring_view name = found.cFileName;
        if (name != L"." && name != L"..") members.push_back(found);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    return members;
}

bool is_folder(const WIN32_FIND_DATAW& member) noexcept {
    constexpr DWORD kind = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
    return (member.dwFileAttributes & kind) == FILE_ATTRIBUTE_DIRECTORY;
}

DWORD read_file(const std::wstring& path, std::vector<unsigned char>& bytes) {
    bytes.clear();
    const Handle file(CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr,
                                  OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file) return GetLastError();
    LARGE_INTEGER size{};
    if (!GetFileSizeEx(file.get(), &size)) return GetLastError();
    if (size.QuadPart > largest_file) return ERROR_FILE_TOO_LARGE;
    bytes.resize(static_cast<std::size_t>(size.QuadPart));
    DWORD read = 0;
    if (!bytes.empty() && !ReadFile(file.get(), bytes.data(), static_cast<DWORD>(bytes.size()), &read, nullptr)) {
        return GetLastError();
    }
    return read == bytes.size() ? ERROR_SUCCESS : ERROR_HANDLE_EOF;
}

DWORD write_new_file(const std::wstring& path, const void* bytes, std::size_t size, SECURITY_ATTRIBUTES* security) {
    DWORD error = ERROR_SUCCESS;
    {
        const Handle file(
            CreateFileW(path.c_str(), GENERIC_WRITE, 0, security, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr));
        if (!file) return GetLastError();
        DWORD written = 0;
        if (!WriteFile(file.get(), bytes, static_cast<DWORD>(size), &written, nullptr)) error = GetLastError();
        if (error == ERROR_SUCCESS && written != size) error = ERROR_DISK_FULL;
        // The catalog is changed next, and a DLL is registered: what they rely on must have reached the disk.
        if (error == ERROR_SUCCESS && !FlushFileBuffers(file.get())) error = GetLastError();
    }
    if (error != ERROR_SUCCESS) DeleteFileW(path.c_str());
    return error;
}

}  // namespace lsp::setup
