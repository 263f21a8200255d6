#include "cancellation.hpp"

#include "areas.hpp"
#include "errors.hpp"

namespace lsp::binding {

namespace {

Napi::Value new_cancellation(const Napi::CallbackInfo& call) {
    return Napi::External<CancelFlag>::New(call.Env(), new CancelFlag(std::make_shared<std::atomic<bool>>(false)),
                                           [](Napi::Env, const CancelFlag* flag) { delete flag; });
}

void cancel(const Napi::CallbackInfo& call) {
    if (const CancelFlag flag = read_cancellation(call[0])) flag->store(true, std::memory_order_relaxed);
}

}  // namespace

CancelFlag read_cancellation(const Napi::Value& value) {
    if (value.IsUndefined()) return nullptr;
    if (!value.IsExternal()) {  // this package's own code is the only caller
        throw invalid_argument(value.Env(), "The argument 'cancellation' must come from newCancellation");
    }
    return *value.As<Napi::External<CancelFlag>>().Data();
}

void export_cancellation(Napi::Env env, Napi::Object exports) {
    exports.Set("newCancellation", Napi::Function::New<new_cancellation>(env, "newCancellation"));
    exports.Set("cancel", Napi::Function::New<cancel>(env, "cancel"));
}

}  // namespace lsp::binding
