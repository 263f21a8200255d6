#include "../lsp-dll/setup/plan.hpp"
#include "../lsp-dll/setup/security.hpp"
#include "../lsp-dll/setup/setup.hpp"
#include "../lsp-dll/system/guid.hpp"
#include "../lsp-dll/system/text.hpp"
#include "areas.hpp"
#include "cancellation.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

using system::CatalogEntry;

constexpr std::uint32_t most_paths = 64;

// WSAPROTOCOL_INFOW is untrusted as far as it comes from other providers' installers: the name may fill its array, the
// length of the chain may exceed it.
std::wstring_view entry_name(const WSAPROTOCOL_INFOW& info) {
    std::size_t length = 0;
    while (length < std::size(info.szProtocol) && info.szProtocol[length] != L'\0') ++length;
    return {info.szProtocol, length};
}

Napi::Array write_chain(Napi::Env env, const WSAPROTOCOLCHAIN& chain) {
    std::vector<DWORD> ids;
    for (int i = 0; i < chain.ChainLen && i < MAX_PROTOCOL_CHAIN; ++i) ids.push_back(chain.ChainEntries[i]);
    return write_numbers(env, ids);
}

Napi::Object write_entry(Napi::Env env, const CatalogEntry& entry) {
    const WSAPROTOCOL_INFOW& info = entry.info;
    Napi::Object object = Napi::Object::New(env);
    object.Set("id", Napi::Number::New(env, info.dwCatalogEntryId));
    object.Set("providerId", Napi::String::New(env, system::guid_text(info.ProviderId)));
    object.Set("name", write_text(env, entry_name(info)));
    object.Set("path", write_text(env, entry.path));
    object.Set("chainLength", Napi::Number::New(env, info.ProtocolChain.ChainLen));
    object.Set("chain", write_chain(env, info.ProtocolChain));
    object.Set("version", Napi::Number::New(env, info.iVersion));
    object.Set("addressFamily", Napi::Number::New(env, info.iAddressFamily));
    object.Set("socketType", Napi::Number::New(env, info.iSocketType));
    object.Set("protocol", Napi::Number::New(env, info.iProtocol));
    object.Set("providerFlags", Napi::Number::New(env, info.dwProviderFlags));
    object.Set("serviceFlags", Napi::Number::New(env, info.dwServiceFlags1));
    object.Set("messageSize", Napi::Number::New(env, info.dwMessageSize));
    object.Set("ours", Napi::Boolean::New(env, entry.ours));
    return object;
}

Napi::Array write_entries(Napi::Env env, const std::vector<CatalogEntry>& entries) {
    Napi::Array result = Napi::Array::New(env, entries.size());
    for (std::uint32_t i = 0; i < entries.size(); ++i) result.Set(i, write_entry(env, entries[i]));
    return result;
}

Napi::Value enumerate_catalog(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const std::vector<CatalogEntry> entries =
        value_or_throw(env, system::enumerate_catalog(read_architecture(call[0])));
    return write_entries(env, entries);
}

Napi::Array write_paths(Napi::Env env, const std::vector<std::wstring>& paths) {
    Napi::Array result = Napi::Array::New(env, paths.size());
    for (std::uint32_t i = 0; i < paths.size(); ++i) result.Set(i, write_text(env, paths[i]));
    return result;
}

Napi::Object write_plan(Napi::Env env, const setup::Plan& plan) {
    Napi::Array catalogs = Napi::Array::New(env, plan.catalogs.size());
    for (std::uint32_t i = 0; i < plan.catalogs.size(); ++i) {
        const setup::CatalogPlan& catalog = plan.catalogs[i];
        Napi::Object object = Napi::Object::New(env);
        object.Set("architecture",
                   Napi::String::New(env, catalog.architecture == system::Architecture::x64 ? "x64" : "ia32"));
        object.Set("fault", Napi::String::New(env, catalog.fault));
        object.Set("removed", write_entries(env, catalog.removed));
        object.Set("added", write_entries(env, catalog.added));
        object.Set("after", write_entries(env, catalog.after));
        catalogs.Set(i, object);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("changes", Napi::Boolean::New(env, plan.changes()));
    object.Set("over", write_text(env, to_text(plan.over)));
    object.Set("overChanges", Napi::Boolean::New(env, plan.over_changes));
    object.Set("firstPlannedId", Napi::Number::New(env, setup::first_planned_id));
    object.Set("catalogs", catalogs);
    object.Set("deleted", write_paths(env, plan.deleted));
    return object;
}

setup::InstallOptions read_install_options(const Napi::Object& from) {
    setup::InstallOptions options;
    options.dll = read_wide_text(from.Get("dll"), "options.dll");
    if (has(from, "dll32")) options.dll32 = read_wide_text(from.Get("dll32"), "options.dll32");
    options.anew = from.Get("anew").ToBoolean();
    options.downgrade = from.Get("downgrade").ToBoolean();
    if (has(from, "name")) options.name = read_wide_text(from.Get("name"), "options.name");
    if (has(from, "over")) {
        const std::wstring text = read_wide_text(from.Get("over"), "options.over");
        options.over = setup::parse_over(text);
        if (!options.over) {
            throw invalid_argument(
                from.Env(),
                "The argument 'options.over' must be 'all', or some of 'tcp', 'udp', 'raw' and ids of "
                "catalog entries. Received '" +
                    system::narrow(text) + "'");
        }
    }
    return options;
}

Napi::Value plan_install(const Napi::CallbackInfo& call) {
    const Napi::Object from = read_object(call[0], "options");
    setup::SourceDlls sources;
    if (has(from, "source")) sources.dll = read_wide_text(from.Get("source"), "options.source");
    if (has(from, "source32")) sources.dll32 = read_wide_text(from.Get("source32"), "options.source32");
    return run_async(
        call.Env(),
        [options = read_install_options(from), sources = std::move(sources)] {
            return setup::plan_install(options, sources);
        },
        write_plan);
}

Napi::Value plan_remove(const Napi::CallbackInfo& call) {
    return run_async(call.Env(), setup::plan_remove, write_plan);
}

Napi::Value plan_staging(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [source = read_wide_text(call[0], "source")] { return setup::plan_staging(source); },
        [](Napi::Env env, const setup::StagingPlan& plan) {
            Napi::Object object = Napi::Object::New(env);
            object.Set("path", write_text(env, plan.path));
            Napi::Array copies = Napi::Array::New(env, plan.copies.size());
            for (std::uint32_t i = 0; i < plan.copies.size(); ++i) {
                Napi::Object copy = Napi::Object::New(env);
                copy.Set("from", write_text(env, plan.copies[i].from));
                copy.Set("to", write_text(env, plan.copies[i].to));
                copies.Set(i, copy);
            }
            object.Set("copies", copies);
            return object;
        });
}

Napi::Value install_provider(const Napi::CallbackInfo& call) {
    const setup::InstallOptions options = read_install_options(read_object(call[0], "options"));
    return run_async(call.Env(),
                     cancellable(read_cancellation(call[1]), [options] { return setup::install_provider(options); }),
                     [](Napi::Env env, const setup::InstallReport& report) {
                         Napi::Object object = Napi::Object::New(env);
                         object.Set("changed", Napi::Boolean::New(env, report.changed));
                         object.Set("path", write_text(env, report.path));
                         object.Set("entries", write_numbers(env, report.entries));
                         object.Set("backup", write_path(env, report.backup));
                         return object;
                     });
}

Napi::Value remove_provider(const Napi::CallbackInfo& call) {
    setup::RemoveOptions options;
    options.purge = read_object(call[0], "options").Get("purge").ToBoolean();
    const auto work = cancellable(read_cancellation(call[1]), [options] { return setup::remove_provider(options); });
    return run_async(call.Env(), work, [](Napi::Env env, const setup::RemoveReport& report) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("changed", Napi::Boolean::New(env, report.changed));
        object.Set("entries", write_numbers(env, report.entries));
        object.Set("backup", write_path(env, report.backup));
        object.Set("rules", Napi::Number::New(env, static_cast<double>(report.rules)));
        object.Set("purged", Napi::Boolean::New(env, report.purged));
        return object;
    });
}

setup::SourceTrust read_trust(const Napi::Value& value) {
    return value.ToBoolean() ? setup::SourceTrust::given : setup::SourceTrust::judge;
}

Napi::Value stage_provider_dll(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(),
        [source = read_wide_text(call[0], "source"), trust = read_trust(call[1])] {
            return setup::stage_provider_dll(source, trust);
        },
        [](Napi::Env env, const std::wstring& path) { return write_text(env, path); });
}

std::vector<std::wstring> read_paths(const Napi::Value& value, const char* name) {
    std::vector<std::wstring> paths;
    if (!value.IsArray())
        throw invalid_argument(value.Env(), std::string("The argument '") + name + "' must be an array");
    const Napi::Array list = value.As<Napi::Array>();
    for (std::uint32_t i = 0; i < list.Length() && i < most_paths; ++i)
        paths.push_back(read_wide_text(list.Get(i), name));
    return paths;
}

Napi::Value check_sources(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(),
        [dlls = read_paths(call[0], "dlls"), trust = read_trust(call[1]), downgrade = call[2].ToBoolean().Value()] {
            return setup::check_sources(dlls, trust, downgrade);
        },
        [](Napi::Env env, const system::Done&) { return env.Undefined(); });
}

Napi::Value check_run_from(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [scripts = read_paths(call[0], "scripts")] { return setup::check_run_from(scripts); },
        [](Napi::Env env, const system::Done&) { return env.Undefined(); });
}

Napi::Value is_installed(const Napi::CallbackInfo& call) {
    return Napi::Boolean::New(call.Env(), value_or_throw(call.Env(), setup::is_installed()));
}

Napi::Value is_elevated(const Napi::CallbackInfo& call) { return Napi::Boolean::New(call.Env(), setup::is_elevated()); }

}  // namespace

void export_catalog(Napi::Env env, Napi::Object exports) {
    exports.Set("enumerateCatalog", Napi::Function::New<enumerate_catalog>(env, "enumerateCatalog"));
    exports.Set("installProvider", Napi::Function::New<install_provider>(env, "installProvider"));
    exports.Set("planInstall", Napi::Function::New<plan_install>(env, "planInstall"));
    exports.Set("planRemove", Napi::Function::New<plan_remove>(env, "planRemove"));
    exports.Set("planStaging", Napi::Function::New<plan_staging>(env, "planStaging"));
    exports.Set("removeProvider", Napi::Function::New<remove_provider>(env, "removeProvider"));
    exports.Set("checkSources", Napi::Function::New<check_sources>(env, "checkSources"));
    exports.Set("checkRunFrom", Napi::Function::New<check_run_from>(env, "checkRunFrom"));
    exports.Set("stageProviderDll", Napi::Function::New<stage_provider_dll>(env, "stageProviderDll"));
    exports.Set("isInstalled", Napi::Function::New<is_installed>(env, "isInstalled"));
    exports.Set("isElevated", Napi::Function::New<is_elevated>(env, "isElevated"));
}

}  // namespace lsp::binding
