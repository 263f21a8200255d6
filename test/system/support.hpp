// What the tests share.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/tunnel.hpp"
#include "system/error.hpp"

std::wstring own_path();
std::wstring own_folder();
std::wstring fake_provider_path();  // the DLL beside this program

// A folder under the user's temporary one, emptied of what the tests put there.
std::wstring temporary_folder();
std::wstring write_temporary(const std::wstring& name, const std::vector<unsigned char>& bytes);
std::vector<unsigned char> bytes_of(const std::wstring& path);
// The fake provider's bytes with another machine in the file header.
std::vector<unsigned char> provider_for_machine(unsigned short machine);
// The same with another number of the policies that it understands; without one, as the first DLLs were.
std::vector<unsigned char> provider_of_grammar(std::vector<unsigned char> provider, std::uint32_t grammar);
std::vector<unsigned char> provider_without_grammar(std::vector<unsigned char> provider);

// A good tunnel on interface 7 with 10.8.0.2/24 and the source 192.0.2.1.
lsp::Tunnel sample_tunnel(const std::string& name);

// Registry values as they are, whatever they are.
void write_raw(const std::wstring& subkey, const wchar_t* name, DWORD type, const void* bytes, std::size_t size);

template <typename T>
std::string message_of(const lsp::system::Result<T>& result) {
    return result ? std::string() : result.error().message;
}
template <typename T>
std::string code_of(const lsp::system::Result<T>& result) {
    return result ? std::string() : result.error().code;
}
inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
