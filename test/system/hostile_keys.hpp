// Registry keys as somebody makes them who means harm, below HKLM\SOFTWARE\winsock-lsp.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstdint>
#include <random>
#include <string>

// Owned by the caller: RegCloseKey.
HKEY open_store(const std::wstring& subkey);

// Makes a key by NtCreateKey, which takes any name, one that holds a zero included. Null if that fails.
HKEY make_key(HKEY parent, const std::wstring& name);
// Makes a link to `target`, a path such as \Registry\Machine\…, which need not exist.
bool make_link(HKEY parent, const std::wstring& name, const std::wstring& target);

// Makes a tree at random below `parent`: odd names, links to nowhere, to themselves and to `target`. Gives how many
// levels of keys there are.
unsigned make_random_tree(HKEY parent, std::mt19937& random, const std::wstring& target, unsigned most_levels);
