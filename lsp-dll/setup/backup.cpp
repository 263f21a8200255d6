#include "backup.hpp"

#include "../system/files.hpp"
#include "../system/guid.hpp"
#include "../system/security.hpp"
#include "../system/text.hpp"

namespace lsp::setup {
namespace {

// At least `digits` digits. Not printf's: what it drags in is a tenth of the DLL.
std::string padded(unsigned long number, std::size_t digits, unsigned base = 10) {
    std::string text;
    for (; number != 0 || text.size() < digits; number /= base) text += "0123456789ABCDEF"[number % base];
    return std::string(text.rbegin(), text.rend());
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20) {
            out += concat({"\\u", padded(byte, 4, 16)});
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

// ISO 8601, in its extended form or the basic one, which can be part of a file name.
std::string time_text(const SYSTEMTIME& time, bool extended) {
    std::string text = padded(time.wYear, 4);
    const struct {
        const char* separator;
        WORD number;
    } parts[] = {{"-", time.wMonth}, {"-", time.wDay}, {"T", time.wHour}, {":", time.wMinute}, {":", time.wSecond}};
    for (const auto& part : parts) {
        if (extended || *part.separator == 'T') text += part.separator;
        text += padded(part.number, 2);
    }
    return concat({text, "Z"});
}

// One object, a member a line.
class Members {
  public:
    explicit Members(std::string indent) : indent_(std::move(indent)) {}
    void text(const char* name, const std::string& value) { raw(name, quoted(value)); }
    void number(const char* name, unsigned long value) { raw(name, concat({value})); }
    void number(const char* name, int value) {
        const bool negative = value < 0;
        const auto magnitude = static_cast<unsigned>(value);
        raw(name, concat({negative ? "-" : "", negative ? 0 - magnitude : magnitude}));
    }
    void raw(const char* name, const std::string& json) {
        body_ += concat({body_.empty() ? "\n" : ",\n", indent_, "  ", quoted(name), ": ", json});
    }
    std::string object() const { return concat({"{", body_, "\n", indent_, "}"}); }

  private:
    std::string indent_, body_;
};

std::string entry_json(const CatalogEntry& entry, std::size_t order) {
    const WSAPROTOCOL_INFOW& info = entry.info;
    std::string chain;
    for (const DWORD id : chain_ids(info)) chain += concat({chain.empty() ? "" : ", ", id});

    Members members("        ");
    members.number("order", static_cast<unsigned long>(order));
    members.number("id", info.dwCatalogEntryId);
    members.text("name", narrow(info.szProtocol));
    members.text("provider", guid_text(info.ProviderId));
    members.text("path", narrow(entry.path));
    members.number("chainLength", info.ProtocolChain.ChainLen);
    members.raw("chain", concat({"[", chain, "]"}));
    members.number("serviceFlags1", info.dwServiceFlags1);
    members.number("serviceFlags2", info.dwServiceFlags2);
    members.number("serviceFlags3", info.dwServiceFlags3);
    members.number("serviceFlags4", info.dwServiceFlags4);
    members.number("providerFlags", info.dwProviderFlags);
    members.number("version", info.iVersion);
    members.number("addressFamily", info.iAddressFamily);
    members.number("maxSockAddr", info.iMaxSockAddr);
    members.number("minSockAddr", info.iMinSockAddr);
    members.number("socketType", info.iSocketType);
    members.number("protocol", info.iProtocol);
    members.number("protocolMaxOffset", info.iProtocolMaxOffset);
    members.number("networkByteOrder", info.iNetworkByteOrder);
    members.number("securityScheme", info.iSecurityScheme);
    members.number("messageSize", info.dwMessageSize);
    members.number("providerReserved", info.dwProviderReserved);
    return members.object();
}

Error backup_error(DWORD error, const char* syscall, const std::wstring& path) {
    return system_error(error, syscall, concat({"Cannot write the backup of the protocol catalog to ", path}),
                        "Nothing was changed.");
}

}  // namespace

std::string catalog_json(const std::vector<CatalogDump>& dumps, const SYSTEMTIME& time) {
    std::string catalogs;
    for (const CatalogDump& dump : dumps) {
        std::string entries;
        for (std::size_t i = 0; i < dump.catalog->size(); ++i) {
            entries += concat({entries.empty() ? "\n        " : ",\n        ", entry_json((*dump.catalog)[i], i + 1)});
        }
        Members members("    ");
        members.text("architecture", dump.architecture == Architecture::x64 ? "x64" : "ia32");
        members.raw("entries", concat({"[", entries, entries.empty() ? "]" : "\n      ]"}));
        catalogs += concat({catalogs.empty() ? "\n    " : ",\n    ", members.object()});
    }
    Members members("");
    members.text("format", "winsock-lsp protocol catalog");
    members.number("formatVersion", 1);
    members.text("created", time_text(time, true));
    members.raw("catalogs", concat({"[", catalogs, catalogs.empty() ? "]" : "\n  ]"}));
    return concat({members.object(), "\n"});
}

Result<std::wstring> write_backup(const std::vector<CatalogDump>& dumps) {
    std::wstring folder = environment_variable(L"ProgramData");
    if (folder.empty()) folder = environment_variable(L"ALLUSERSPROFILE");  // NT 5
    if (!is_full_path(folder)) return backup_error(ERROR_ENVVAR_NOT_FOUND, "GetEnvironmentVariableW", L"%ProgramData%");
    SecurityAttributes security(folder_rights);
    for (const wchar_t* name : {L"\\winsock-lsp", L"\\backup"}) {
        folder += name;
        if (const DWORD error = make_folder(folder, security.get())) {
            return backup_error(error, "CreateDirectoryW", folder);
        }
    }
    SYSTEMTIME time{};
    GetSystemTime(&time);
    const std::string json = catalog_json(dumps, time);
    const std::string stem = concat({folder, "\\catalog-", time_text(time, false)});
    std::wstring path;
    DWORD error = ERROR_FILE_EXISTS;
    for (unsigned attempt = 1; error == ERROR_FILE_EXISTS && attempt < 100; ++attempt) {
        path = widen(attempt == 1 ? concat({stem, ".json"}) : concat({stem, "-", attempt, ".json"}));
        error = write_new_file(path, json.data(), json.size());
    }
    if (error != ERROR_SUCCESS) return backup_error(error, "CreateFileW", path);
    return path;
}

}  // namespace lsp::setup
