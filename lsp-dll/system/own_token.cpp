#include "own_token.hpp"

namespace lsp::system {

OwnToken::OwnToken() noexcept {
    const DWORD error = GetLastError();
    HANDLE token = nullptr;
    // The server's own rights decide whether it may have its client's token: the client has none over the server's.
    if (OpenThreadToken(GetCurrentThread(), TOKEN_IMPERSONATE, TRUE, &token)) {
        Handle opened(token);
        // Tried while the thread has it anyway, so that it is not taken where it could not be given back.
        if (SetThreadToken(nullptr, token) && SetThreadToken(nullptr, nullptr)) token_ = std::move(opened);
    }
    SetLastError(error);
}

OwnToken::~OwnToken() {
    if (!token_) return;
    const DWORD error = GetLastError();
    if (!SetThreadToken(nullptr, token_.get())) TerminateProcess(GetCurrentProcess(), ERROR_CANNOT_IMPERSONATE);
    SetLastError(error);
}

}  // namespace lsp::system
