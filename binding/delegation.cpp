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
Napi::Value find_group(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [name = read_wide_text(call[0], "group")] { return setup::find_group(name); }, write_account);
}

Napi::Value allow_publishers(const Napi::CallbackInfo& call) {
    const auto work = [name = read_wide_text(call[0], "group")]() -> system::Outcome {
        const auto group = setup::find_group(name);
        if (!group) return group.error();
        return setup::allow_publishers(*group);
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

}  // namespace

void export_delegation(Napi::Env env, Napi::Object exports) {
    exports.Set("findGroup", Napi::Function::New<find_group>(env, "findGroup"));
    exports.Set("allowPublishers", Napi::Function::New<allow_publishers>(env, "allowPublishers"));
    exports.Set("forbidPublishers", Napi::Function::New<forbid_publishers>(env, "forbidPublishers"));
    exports.Set("listPublishers", Napi::Function::New<list_publishers>(env, "listPublishers"));
}

}  // namespace lsp::binding
