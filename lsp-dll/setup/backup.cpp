#include "backup.hpp"

#include "../system/guid.hpp"
#include "../system/text.hpp"
#include "catalog_tools.hpp"
#include "files.hpp"
#include "install_steps.hpp"
#include "known_folders.hpp"
#include "provider_info.hpp"
#include "security.hpp"
#include "trust.hpp"

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

std::string entry_json(const CatalogEntry& entry, std::size_t order, std::optional<DWORD> categories) {
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
    if (categories) members.number("lspCategories", *categories);
    return members.object();
}

std::string namespace_json(const NamespaceProvider& provider, std::size_t order) {
    Members members("        ");
    members.number("order", static_cast<unsigned long>(order));
    members.text("name", narrow(provider.name));
    members.text("identifier", narrow(provider.identifier));
    members.text("provider", guid_text(provider.id));
    members.text("path", narrow(provider.path));
    members.number("namespace", provider.name_space);
    members.number("version", provider.version);
    members.raw("active", provider.active ? "true" : "false");
    members.raw("storesServiceClasses", provider.stores_service_classes ? "true" : "false");
    return members.object();
}

std::string list_json(const std::vector<std::string>& objects, const char* indent) {
    if (objects.empty()) return "[]";
    std::string list;
    for (const std::string& object : objects) list += concat({list.empty() ? "\n" : ",\n", indent, "  ", object});
    return concat({"[", list, "\n", indent, "]"});
}

constexpr char nothing_changed[] = "Nothing was changed.";

std::string attempt_at(const std::wstring& path) {
    return concat({"Cannot write the backup of the protocol catalog to ", path});
}

Error backup_error(DWORD error, const char* syscall, const std::wstring& path) {
    return system_error(error, syscall, attempt_at(path), nothing_changed);
}

std::vector<CatalogDump> dumps_of(const Snapshot& snapshot) {
    std::vector<CatalogDump> dumps = {{native_architecture, &snapshot.native}};
    if (snapshot.other) dumps.push_back({Architecture::ia32, &*snapshot.other});
    return dumps;
}

}  // namespace

void complete(CatalogDump& dump) {
    if (dump.categories.empty()) {
        for (const CatalogEntry& entry : *dump.catalog) {
            // Base providers have none.
            dump.categories.push_back(entry.is_base() ? std::nullopt
                                                      : lsp_categories(dump.architecture, entry.info.ProviderId));
        }
    }
    if (dump.namespaces) return;
    auto namespaces = enumerate_namespaces(dump.architecture);
    if (namespaces) dump.namespaces = std::move(*namespaces);
}

std::string catalog_json(const std::vector<CatalogDump>& dumps, const SYSTEMTIME& time) {
    std::vector<std::string> catalogs;
    for (const CatalogDump& dump : dumps) {
        std::vector<std::string> entries, namespaces;
        for (std::size_t i = 0; i < dump.catalog->size(); ++i) {
            entries.push_back(
                entry_json((*dump.catalog)[i], i + 1, i < dump.categories.size() ? dump.categories[i] : std::nullopt));
        }
        Members members("    ");
        members.text("architecture", dump.architecture == Architecture::x64 ? "x64" : "ia32");
        members.raw("entries", list_json(entries, "      "));
        if (dump.namespaces) {
            for (const NamespaceProvider& provider : *dump.namespaces) {
                namespaces.push_back(namespace_json(provider, namespaces.size() + 1));
            }
            members.raw("namespaces", list_json(namespaces, "      "));
        }
        catalogs.push_back(members.object());
    }
    Members members("");
    members.text("format", "winsock-lsp protocol catalog");
    members.number("formatVersion", 2);
    members.text("created", time_text(time, true));
    members.raw("catalogs", list_json(catalogs, "  "));
    return concat({members.object(), "\n"});
}

Result<std::string> backup_text() {
    const auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    std::vector<CatalogDump> dumps = dumps_of(*snapshot);
    for (CatalogDump& dump : dumps) complete(dump);
    SYSTEMTIME time{};
    GetSystemTime(&time);
    return catalog_json(dumps, time);
}

Result<std::wstring> write_backup(std::vector<CatalogDump> dumps) {
    for (CatalogDump& dump : dumps) complete(dump);
    std::wstring folder = program_data();
    if (!is_full_path(folder)) return backup_error(ERROR_ENVVAR_NOT_FOUND, "RegQueryValueExW", L"%ProgramData%");
    // Kept as they were judged, until the file is written.
    std::vector<Handle> held;
    for (const wchar_t* name : {L"\\winsock-lsp", L"\\backup"}) {
        folder += name;
        if (Outcome made = make_trusted_folder(folder, attempt_at(folder), held); !made) {
            made.error().message += concat({" ", nothing_changed});
            return made.error();
        }
    }
    SYSTEMTIME time{};
    GetSystemTime(&time);
    const std::string json = catalog_json(dumps, time);
    const std::string stem = concat({folder, "\\catalog-", time_text(time, false)});
    // Rights of its own: an account that makes a file otherwise owns it, and its programs that are not elevated could
    // then write what `restore` reads.
    SecurityAttributes security(file_rights);
    if (security.get() == nullptr) {
        return backup_error(GetLastError(), "ConvertStringSecurityDescriptorToSecurityDescriptorW", folder);
    }
    std::wstring path;
    DWORD error = ERROR_FILE_EXISTS;
    for (unsigned attempt = 1; error == ERROR_FILE_EXISTS && attempt < 100; ++attempt) {
        path = widen(attempt == 1 ? concat({stem, ".json"}) : concat({stem, "-", attempt, ".json"}));
        error = write_new_file(path, json.data(), json.size(), security.get());
    }
    if (error != ERROR_SUCCESS) return backup_error(error, "CreateFileW", path);
    return path;
}

Result<std::wstring> write_backup(const Snapshot& snapshot) { return write_backup(dumps_of(snapshot)); }

}  // namespace lsp::setup
