// The flag behind an AbortSignal: JavaScript's thread makes and sets it, a worker's looks at it.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <utility>

#include "../lsp-dll/setup/cancel.hpp"

namespace lsp::binding {

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

// What newCancellation gave; null for undefined.
CancelFlag read_cancellation(const Napi::Value& value);

// `work` on its worker thread, as something that setting the flag calls off.
template <typename Work>
auto cancellable(CancelFlag flag, Work work) {
    return [flag = std::move(flag), work = std::move(work)] {
        const setup::CancelScope scope(flag.get());
        return work();
    };
}

}  // namespace lsp::binding
