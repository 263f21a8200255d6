#include "programs.hpp"

#include <algorithm>

#include "handle.hpp"
#include "listed_process.hpp"
#include "system_function.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

constexpr DWORD longest_image_path = 32'768;  // characters

constinit SystemFunction<BOOL WINAPI(HANDLE, DWORD, WCHAR*, DWORD*)> query_full_process_image_name{
    SystemLibrary::kernel32, "QueryFullProcessImageNameW"};

std::string path_of(const ProcessIdentity& identity) {
    const auto query = query_full_process_image_name.get();
    if (query == nullptr) return {};
    const Handle process(OpenProcess(query_limited_information, FALSE, identity.process_id));
    if (!process || creation_time(process.get()) != identity.started) return {};
    std::wstring path(longest_image_path, L'\0');
    DWORD length = longest_image_path;
    if (!query(process.get(), 0, path.data(), &length)) return {};
    path.resize(length);
    return narrow(path);
}

std::string without_control_characters(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    }
    return text;
}

}  // namespace

std::vector<Program> list_programs(const std::vector<std::uint32_t>& with_path) {
    std::vector<Program> programs;
    Pages list;
    if (!read_process_list(list)) return programs;
    const auto* at = static_cast<const unsigned char*>(list.get());
    for (;;) {
        const auto* const entry = reinterpret_cast<const ListedProcess*>(at);
        Program program;
        program.process.process_id = static_cast<std::uint32_t>(reinterpret_cast<ULONG_PTR>(entry->id));
        program.process.started = static_cast<std::uint64_t>(entry->created.QuadPart);
        if (entry->image.buffer != nullptr) {
            program.name =
                without_control_characters(narrow({entry->image.buffer, entry->image.length / sizeof(wchar_t)}));
        }
        const bool asked = std::find(with_path.begin(), with_path.end(), program.process.process_id) != with_path.end();
        if (asked) program.path = without_control_characters(path_of(program.process));
        programs.push_back(std::move(program));
        if (entry->next == 0) return programs;
        at += entry->next;
    }
}

}  // namespace lsp::system
