#include "rule.hpp"

namespace lsp {

bool enforces(const Rule& rule) noexcept {
    return rule.verdict == Verdict::refuse || rule.verdict == Verdict::socks5 ||
           (rule.verdict != Verdict::keep && rule.otherwise == Otherwise::refuse);
}

const char* to_string(Protocol protocol) noexcept {
    switch (protocol) {
        case Protocol::any: return "any";
        case Protocol::tcp: return "tcp";
        case Protocol::udp: return "udp";
        case Protocol::raw: return "raw";
    }
    return "unknown";
}

const char* to_string(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::keep: return "keep";
        case Verdict::source: return "source";
        case Verdict::refuse: return "refuse";
        case Verdict::through: return "through";
        case Verdict::socks5: return "socks5";
    }
    return "unknown";
}

const char* to_string(Otherwise otherwise) noexcept {
    switch (otherwise) {
        case Otherwise::keep: return "keep";
        case Otherwise::refuse: return "refuse";
    }
    return "unknown";
}

}  // namespace lsp
