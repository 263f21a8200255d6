#include "../lsp-dll/setup/openvpn.hpp"
#include "../lsp-dll/setup/publishers.hpp"
#include "areas.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

Napi::Value done(Napi::Env env, const system::Done&) { return env.Undefined(); }

Napi::Object write_account(Napi::Env env, const setup::Account& account) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", write_text(env, account.name));
    object.Set("sid", write_text(env, account.sid));
    return object;
}

// Where the account is a domain's, the look-up asks the network.
Napi::Value find_account(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [name = read_wide_text(call[0], "account")] { return setup::find_account(name); }, write_account);
}

Napi::Value allow_publishers(const Napi::CallbackInfo& call) {
    const auto work = [names = read_wide_texts(call[0], "accounts")]() -> system::Outcome {
        std::vector<setup::Account> accounts;
        for (const std::wstring& name : names) {
            auto account = setup::find_account(name);
            if (!account) return account.error();
            accounts.push_back(std::move(*account));
        }
        return setup::allow_publishers(accounts);
    };
    return run_async(call.Env(), work, done);
}

Napi::Value forbid_publishers(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [] { return setup::forbid_publishers(); }, done);
}

Napi::Value list_publishers(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const std::vector<setup::Account> accounts = value_or_throw(env, setup::publishers());
    Napi::Array result = Napi::Array::New(env, accounts.size());
    for (std::uint32_t i = 0; i < accounts.size(); ++i) result.Set(i, write_account(env, accounts[i]));
    return result;
}

Napi::Value openvpn_plugin_line(const Napi::CallbackInfo& call) {
    return write_text(call.Env(), setup::openvpn_plugin_line());
}

}  // namespace

void export_delegation(Napi::Env env, Napi::Object exports) {
    exports.Set("findAccount", Napi::Function::New<find_account>(env, "findAccount"));
    exports.Set("openVpnPluginLine", Napi::Function::New<openvpn_plugin_line>(env, "openVpnPluginLine"));
    exports.Set("allowPublishers", Napi::Function::New<allow_publishers>(env, "allowPublishers"));
    exports.Set("forbidPublishers", Napi::Function::New<forbid_publishers>(env, "forbidPublishers"));
    exports.Set("listPublishers", Napi::Function::New<list_publishers>(env, "listPublishers"));
}

}  // namespace lsp::binding
