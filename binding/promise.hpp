// Work off the main thread, with a promise for its result.
#pragma once

#include <napi.h>

#include <optional>
#include <type_traits>
#include <utility>

#include "errors.hpp"

namespace lsp::binding {

template <typename Work, typename Convert>
class PromiseWorker final : public Napi::AsyncWorker {
  public:
    PromiseWorker(Napi::Env env, Work work, Convert convert)
        : Napi::AsyncWorker(env, "winsock-lsp"),
          work_(std::move(work)),
          convert_(std::move(convert)),
          deferred_(Napi::Promise::Deferred::New(env)) {}

    Napi::Promise promise() const { return deferred_.Promise(); }

  private:
    void Execute() override { result_.emplace(work_()); }

    void OnOK() override {
        if (*result_) {
            deferred_.Resolve(convert_(Env(), **result_));
        } else {
            deferred_.Reject(to_javascript(Env(), result_->error()).Value());
        }
    }

    void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

    Work work_;
    Convert convert_;
    Napi::Promise::Deferred deferred_;
    std::optional<std::invoke_result_t<Work>> result_;
};

// `work` gives a system::Result on a worker thread and touches nothing of JavaScript's; `convert(env, value)` runs on
// the main thread.
template <typename Work, typename Convert>
Napi::Value run_async(Napi::Env env, Work work, Convert convert) {
    auto* const worker = new PromiseWorker<Work, Convert>(env, std::move(work), std::move(convert));
    const Napi::Promise promise = worker->promise();
    worker->Queue();  // deletes itself when it is done
    return promise;
}

}  // namespace lsp::binding
