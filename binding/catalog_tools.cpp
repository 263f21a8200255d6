#include "../lsp-dll/setup/catalog_tools.hpp"

#include <cmath>

#include "../lsp-dll/system/guid.hpp"
#include "../lsp-dll/system/text.hpp"
#include "areas.hpp"
#include "cancellation.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

using setup::BackedUpCatalog;

// ts/backup.ts has checked the backup and says what is wrong with it by its place in the file; these checks are against
// callers that pass it by.
constexpr std::uint32_t most_entries = 4096;
constexpr std::uint32_t any = 0xFFFFFFFF;

DWORD read_dword(const Napi::Object& from, const char* name) { return read_unsigned(from.Get(name), name, any); }

int read_int(const Napi::Object& from, const char* name) {
    const Napi::Value value = from.Get(name);
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0.5;
    if (!(number >= -2147483648.0 && number <= 2147483647.0) || number != std::floor(number)) {
        throw invalid_argument(from.Env(), std::string("The property '") + name + "' must be a 32-bit integer");
    }
    return static_cast<int>(number);
}

GUID read_guid(const Napi::Object& from, const char* name) {
    const auto guid = system::parse_guid(read_text(from.Get(name), name));
    if (!guid) throw invalid_argument(from.Env(), std::string("The property '") + name + "' must be a GUID in braces");
    return *guid;
}

Napi::Array read_array(const Napi::Value& value, const char* name, std::uint32_t limit) {
    if (!value.IsArray() || value.As<Napi::Array>().Length() > limit) {
        throw invalid_argument(value.Env(), std::string("The property '") + name + "' must be an array, not too long");
    }
    return value.As<Napi::Array>();
}

system::CatalogEntry read_entry(const Napi::Object& from) {
    system::CatalogEntry entry;
    WSAPROTOCOL_INFOW& info = entry.info;
    const std::wstring name = read_wide_text(from.Get("name"), "name");
    if (name.size() > WSAPROTOCOL_LEN) throw invalid_argument(from.Env(), "The property 'name' is too long");
    name.copy(info.szProtocol, WSAPROTOCOL_LEN);
    entry.path = read_wide_text(from.Get("path"), "path");
    info.dwCatalogEntryId = read_dword(from, "id");
    info.ProviderId = read_guid(from, "provider");
    info.ProtocolChain.ChainLen =
        static_cast<int>(read_unsigned(from.Get("chainLength"), "chainLength", MAX_PROTOCOL_CHAIN));
    const Napi::Array chain = read_array(from.Get("chain"), "chain", MAX_PROTOCOL_CHAIN);
    for (std::uint32_t i = 0; i < chain.Length(); ++i) {
        info.ProtocolChain.ChainEntries[i] = read_unsigned(chain.Get(i), "chain", any);
    }
    info.dwServiceFlags1 = read_dword(from, "serviceFlags1");
    info.dwServiceFlags2 = read_dword(from, "serviceFlags2");
    info.dwServiceFlags3 = read_dword(from, "serviceFlags3");
    info.dwServiceFlags4 = read_dword(from, "serviceFlags4");
    info.dwProviderFlags = read_dword(from, "providerFlags");
    info.iVersion = read_int(from, "version");
    info.iAddressFamily = read_int(from, "addressFamily");
    info.iMaxSockAddr = read_int(from, "maxSockAddr");
    info.iMinSockAddr = read_int(from, "minSockAddr");
    info.iSocketType = read_int(from, "socketType");
    info.iProtocol = read_int(from, "protocol");
    info.iProtocolMaxOffset = read_int(from, "protocolMaxOffset");
    info.iNetworkByteOrder = read_int(from, "networkByteOrder");
    info.iSecurityScheme = read_int(from, "securityScheme");
    info.dwMessageSize = read_dword(from, "messageSize");
    info.dwProviderReserved = read_dword(from, "providerReserved");
    return entry;
}

setup::NamespaceProvider read_namespace(const Napi::Object& from) {
    setup::NamespaceProvider provider;
    provider.id = read_guid(from, "provider");
    provider.name = read_wide_text(from.Get("name"), "name");
    provider.identifier = read_wide_text(from.Get("identifier"), "identifier");
    provider.path = read_wide_text(from.Get("path"), "path");
    provider.name_space = read_dword(from, "namespace");
    provider.version = read_dword(from, "version");
    provider.active = from.Get("active").ToBoolean();
    provider.stores_service_classes = from.Get("storesServiceClasses").ToBoolean();
    return provider;
}

BackedUpCatalog read_catalog(const Napi::Object& from) {
    BackedUpCatalog catalog;
    catalog.architecture = read_architecture(from.Get("architecture"));
    const Napi::Array entries = read_array(from.Get("entries"), "entries", most_entries);
    for (std::uint32_t i = 0; i < entries.Length(); ++i) {
        const Napi::Object entry = read_object(entries.Get(i), "entries");
        catalog.entries.push_back(read_entry(entry));
        catalog.categories.push_back(
            has(entry, "lspCategories") ? std::optional<DWORD>(read_dword(entry, "lspCategories")) : std::nullopt);
    }
    if (!has(from, "namespaces")) return catalog;
    const Napi::Array namespaces = read_array(from.Get("namespaces"), "namespaces", most_entries);
    catalog.namespaces.emplace();
    for (std::uint32_t i = 0; i < namespaces.Length(); ++i) {
        catalog.namespaces->push_back(read_namespace(read_object(namespaces.Get(i), "namespaces")));
    }
    return catalog;
}

Napi::Array write_texts(Napi::Env env, const std::vector<std::string>& texts) {
    Napi::Array result = Napi::Array::New(env, texts.size());
    for (std::uint32_t i = 0; i < texts.size(); ++i) result.Set(i, Napi::String::New(env, texts[i]));
    return result;
}

Napi::Value backup_text(const Napi::CallbackInfo& call) {
    return run_async(call.Env(), setup::backup_text,
                     [](Napi::Env env, const std::string& text) { return Napi::String::New(env, text); });
}

Napi::Value restore_catalogs(const Napi::CallbackInfo& call) {
    std::vector<BackedUpCatalog> backup;
    const Napi::Array catalogs = read_array(call[0], "catalogs", 2);
    for (std::uint32_t i = 0; i < catalogs.Length(); ++i) {
        backup.push_back(read_catalog(read_object(catalogs.Get(i), "catalogs")));
    }
    const Napi::Object from = read_object(call[1], "options");
    setup::RestoreOptions options;
    options.exact = from.Get("exact").ToBoolean();
    options.dry_run = from.Get("dryRun").ToBoolean();
    return run_async(
        call.Env(),
        cancellable(read_cancellation(call[2]),
                    [backup = std::move(backup), options] { return setup::restore_catalogs(backup, options); }),
        [](Napi::Env env, const setup::RestoreReport& report) {
            Napi::Object object = Napi::Object::New(env);
            object.Set("changed", Napi::Boolean::New(env, report.changed));
            object.Set("steps", write_texts(env, report.steps));
            object.Set("notes", write_texts(env, report.notes));
            object.Set("backup", write_path(env, report.backup));
            return object;
        });
}

Napi::Value order_catalog(const Napi::CallbackInfo& call) {
    const system::Architecture architecture = read_architecture(call[0]);
    std::vector<DWORD> ids;
    const Napi::Array list = read_array(call[1], "ids", most_entries);
    for (std::uint32_t i = 0; i < list.Length(); ++i) ids.push_back(read_unsigned(list.Get(i), "ids", any));
    const bool first = call[2].ToBoolean();
    return run_async(
        call.Env(),
        cancellable(read_cancellation(call[3]), [architecture, ids = std::move(ids),
                                                 first] { return setup::order_catalog(architecture, ids, first); }),
        [](Napi::Env env, const setup::OrderReport& report) {
            Napi::Object object = Napi::Object::New(env);
            object.Set("changed", Napi::Boolean::New(env, report.changed));
            object.Set("before", write_numbers(env, report.before));
            object.Set("after", write_numbers(env, report.after));
            object.Set("backup", write_path(env, report.backup));
            return object;
        });
}

}  // namespace

void export_catalog_tools(Napi::Env env, Napi::Object exports) {
    exports.Set("backupText", Napi::Function::New<backup_text>(env, "backupText"));
    exports.Set("restoreCatalogs", Napi::Function::New<restore_catalogs>(env, "restoreCatalogs"));
    exports.Set("orderCatalog", Napi::Function::New<order_catalog>(env, "orderCatalog"));
}

}  // namespace lsp::binding
