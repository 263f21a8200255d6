// Writing the policy store (system/policy_store.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../../system/policy_store.hpp"

namespace lsp::setup {

// Creates the key and the Tunnels subkey with the access rights of design §7 (SYSTEM and Administrators write, everyone
// reads); harmless if they exist. Errors: ERROR_ACCESS_DENIED …
system::Outcome create_policy_store();
// Deletes the key with everything in it. Not existing is success.
system::Outcome delete_policy_store();

// Why the lines cannot be the policy, or nothing: parse_rules, a control character in a comment, or more than
// longest_policy_value bytes in all.
std::optional<TextError> policy_fault(const std::vector<std::string>& lines);

// Replaces the administrator's rules, all of them in one write; creates the store if it is missing. Lines without a
// character other than blanks are left out: the registry cannot hold them. With `expected`, only if the lines are still
// those. Writers are serialised by a lock (../file_lock.hpp). Errors: ERR_INVALID_POLICY (policy_fault),
// ERR_POLICY_CHANGED (not as expected), ERR_DLL_TOO_OLD (a registered DLL does not understand them:
// ../registered_grammar.hpp), ERR_POLICY_BUSY, ERROR_ACCESS_DENIED …
system::Outcome write_policy(const std::vector<std::string>& lines, const std::vector<std::string>* expected = nullptr);

// Publishes a tunnel (replaces the one of the same name), creating the store if it is missing; a delegated one where
// those are, and only if `install` has made that place (else ERROR_FILE_NOT_FOUND). Does not touch the host model: see
// publish_tunnel in tunnels.hpp. Errors: ERR_INVALID_TUNNEL (tunnel_fault), ERROR_ACCESS_DENIED …
system::Outcome write_tunnel(const Tunnel& tunnel);
// Gives the withdrawn definition. ERROR_FILE_NOT_FOUND if there is none of that name.
system::Result<system::StoredTunnel> erase_tunnel(const std::string& name, bool delegated = false);

}  // namespace lsp::setup
