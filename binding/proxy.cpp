#include <windows.h>

#include <array>
#include <limits>
#include <memory>

#include "../lsp-dll/setup/credentials.hpp"
#include "../lsp-dll/setup/proxy_trial.hpp"
#include "areas.hpp"
#include "cancellation.hpp"
#include "convert.hpp"
#include "errors.hpp"
#include "promise.hpp"

namespace lsp::binding {

namespace {

// Wiped at its end. JavaScript's own string is in its engine's hands.
class SecretText {
  public:
    SecretText() = default;
    ~SecretText() { SecureZeroMemory(units_.data(), sizeof(units_)); }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;

    // One unit more than can be sent is read, so that what is too long is seen to be.
    bool read(const Napi::Value& value) {
        return napi_get_value_string_utf16(value.Env(), value, units_.data(), units_.size(), &size_) == napi_ok;
    }
    std::wstring_view text() const { return {reinterpret_cast<const wchar_t*>(units_.data()), size_}; }

  private:
    std::array<char16_t, socks5::longest_credential + 2> units_{};
    std::size_t size_ = 0;
};

Napi::Value set_credential(const Napi::CallbackInfo& call) {
    auto password = std::make_shared<SecretText>();
    if (!password->read(call[2])) throw invalid_argument(call.Env(), "The argument 'password' must be a string");
    return run_async(
        call.Env(),
        [name = read_text(call[0], "name"), user = read_wide_text(call[1], "user"), password = std::move(password)] {
            return setup::write_credential(name, user, password->text());
        },
        [](Napi::Env env, system::Done) { return env.Undefined(); });
}

Napi::Value delete_credential(const Napi::CallbackInfo& call) {
    return run_async(
        call.Env(), [name = read_text(call[0], "name")] { return setup::delete_credential(name); },
        [](Napi::Env env, system::Done) { return env.Undefined(); });
}

Napi::Value list_credentials(const Napi::CallbackInfo& call) {
    const Napi::Env env = call.Env();
    const auto credentials = value_or_throw(env, setup::list_credentials());
    Napi::Array result = Napi::Array::New(env, credentials.size());
    for (std::uint32_t i = 0; i < credentials.size(); ++i) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("name", Napi::String::New(env, credentials[i].name));
        object.Set("user", Napi::String::New(env, credentials[i].user));
        object.Set("changedAt", Napi::Number::New(env, static_cast<double>(credentials[i].changed_at)));
        result.Set(i, object);
    }
    return result;
}

std::uint16_t read_port(const Napi::Value& value, const char* name) {
    return static_cast<std::uint16_t>(read_unsigned(value, name, std::numeric_limits<std::uint16_t>::max()));
}

Napi::Object write_report(Napi::Env env, const setup::TrialReport& report) {
    static constexpr const char* stages[] = {"connect", "method", "login", "request"};
    Napi::Array steps = Napi::Array::New(env, report.steps.size());
    for (std::uint32_t i = 0; i < report.steps.size(); ++i) {
        const setup::TrialStep& step = report.steps[i];
        Napi::Object object = Napi::Object::New(env);
        object.Set("name", Napi::String::New(env, stages[static_cast<std::size_t>(step.stage)]));
        object.Set("milliseconds", Napi::Number::New(env, step.milliseconds));
        object.Set("answer", Napi::String::New(env, step.answer));
        steps.Set(i, object);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("steps", steps);
    object.Set("loginSent", Napi::Boolean::New(env, report.login_sent));
    object.Set("error", report.failure ? to_javascript(env, report.failure->error).Value() : env.Null());
    object.Set("reply", Napi::Number::New(env, report.failure ? static_cast<double>(report.failure->reply) : 0.0));
    return object;
}

Napi::Value test_proxy(const Napi::CallbackInfo& call) {
    const Napi::Object from = read_object(call[0], "options");
    setup::ProxyTrial trial;
    trial.proxy = read_address(from.Get("address"), "address");
    trial.port = read_port(from.Get("port"), "port");
    if (has(from, "login")) trial.login = read_text(from.Get("login"), "login");
    if (has(from, "destination")) {
        trial.destination = read_address(from.Get("destination"), "destination");
        trial.destination_port = read_port(from.Get("destinationPort"), "destinationPort");
    }
    if (has(from, "timeout")) {
        trial.deadline_milliseconds = read_unsigned(from.Get("timeout"), "timeout", setup::proxy_deadline_milliseconds);
    }
    return run_async(
        call.Env(),
        cancellable(read_cancellation(call[1]), [trial = std::move(trial)] { return setup::try_proxy(trial); }),
        write_report);
}

}  // namespace

void export_proxy(Napi::Env env, Napi::Object exports) {
    exports.Set("setCredential", Napi::Function::New<set_credential>(env, "setCredential"));
    exports.Set("deleteCredential", Napi::Function::New<delete_credential>(env, "deleteCredential"));
    exports.Set("listCredentials", Napi::Function::New<list_credentials>(env, "listCredentials"));
    exports.Set("testProxy", Napi::Function::New<test_proxy>(env, "testProxy"));
}

}  // namespace lsp::binding
