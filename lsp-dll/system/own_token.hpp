// A server's thread that impersonates a client may not read what the server may: the policy, its own image. While one
// of these lives, the thread that made it has its process's own rights; then it has its client's again.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include "handle.hpp"

namespace lsp::system {

class OwnToken {
  public:
    // Does nothing for a thread that does not impersonate, and for one whose token could not be given back.
    OwnToken() noexcept;
    // A program never goes on with more rights than it gave itself: if the token cannot be given back, although it
    // could be when it was taken, the process ends.
    ~OwnToken();
    OwnToken(const OwnToken&) = delete;
    OwnToken& operator=(const OwnToken&) = delete;

  private:
    Handle token_;  // none: nothing was taken
};

}  // namespace lsp::system
