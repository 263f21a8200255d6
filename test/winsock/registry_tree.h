// Keys and values: the registry's, or the same in this process's memory.
#pragma once

#include <windows.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace test_winsock {
class RegistryTree {
  public:
    RegistryTree() = default;
    ~RegistryTree();
    RegistryTree(const RegistryTree&) = delete;
    RegistryTree& operator=(const RegistryTree&) = delete;

    // HKLM\<path>, made if it is not there.
    bool openRoot(const wchar_t* path);
    bool open(const RegistryTree& parent, const wchar_t* name);
    bool read(const wchar_t* name, void* data, DWORD size) const;
    bool readNumber(const wchar_t* name, DWORD& value) const { return read(name, &value, sizeof value); }
    std::wstring readText(const wchar_t* name) const;

    // ---- every change goes through these three, which EnterRegistryWrite counts ----
    bool create(const RegistryTree& parent, const wchar_t* name);
    bool write(const wchar_t* name, DWORD type, const void* data, std::size_t size) const;
    bool deleteTree(const wchar_t* name) const;

    bool writeNumber(const wchar_t* name, DWORD value) const { return write(name, REG_DWORD, &value, sizeof value); }

    static void KeepInMemory(bool inMemory);  // an empty tree, or the registry
    static bool IsInMemory();
    // Changes with each change of what is in memory.
    static unsigned long long Version();

  private:
    struct Node {
        std::map<std::wstring, std::unique_ptr<Node>> keys;
        std::map<std::wstring, std::vector<BYTE>> values;
    };
    static Node& memory();

    HKEY key_ = nullptr;
    Node* node_ = nullptr;  // in memory
};
}  // namespace test_winsock
