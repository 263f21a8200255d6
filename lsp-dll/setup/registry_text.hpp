// Texts that others have written into the registry.
#pragma once

#include <windows.h>

#include <string>

namespace lsp::setup {

// A value's text, REG_SZ or REG_EXPAND_SZ as it stands, in the 64-bit view. `name` null: the key's default value. Empty
// if there is none, or it is longer than 64 KB.
std::wstring text_value(HKEY parent, const wchar_t* key_name, const wchar_t* name);

}  // namespace lsp::setup
