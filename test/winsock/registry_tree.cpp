#include "registry_tree.h"

#include <algorithm>
#include <cstring>

#include "faults.h"

namespace test_winsock {
namespace {
bool inMemory;
unsigned long long version;
}  // namespace

RegistryTree::Node& RegistryTree::memory() {
    static Node root;
    return root;
}

void RegistryTree::KeepInMemory(bool keep) {
    inMemory = keep;
    version++;
    memory() = Node{};
}

unsigned long long RegistryTree::Version() { return version; }

bool RegistryTree::IsInMemory() { return inMemory; }

RegistryTree::~RegistryTree() {
    if (key_) RegCloseKey(key_);
}

bool RegistryTree::openRoot(const wchar_t* path) {
    if (inMemory) {
        node_ = &memory();
        return true;
    }
    return RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, nullptr, 0, KEY_READ | KEY_WRITE, nullptr, &key_, nullptr) ==
           ERROR_SUCCESS;
}

bool RegistryTree::open(const RegistryTree& parent, const wchar_t* name) {
    if (!parent.node_) return RegOpenKeyExW(parent.key_, name, 0, KEY_READ, &key_) == ERROR_SUCCESS;
    const auto found = parent.node_->keys.find(name);
    if (found == parent.node_->keys.end()) return false;
    node_ = found->second.get();
    return true;
}

bool RegistryTree::read(const wchar_t* name, void* data, DWORD size) const {
    if (!node_) {
        DWORD read = size;
        return RegQueryValueExW(key_, name, nullptr, nullptr, static_cast<BYTE*>(data), &read) == ERROR_SUCCESS &&
               read == size;
    }
    const auto found = node_->values.find(name);
    if (found == node_->values.end() || found->second.size() != size) return false;
    std::memcpy(data, found->second.data(), size);
    return true;
}

std::wstring RegistryTree::readText(const wchar_t* name) const {
    wchar_t text[MAX_PATH + 1] = {};
    DWORD size = sizeof text - sizeof(wchar_t);
    if (!node_) {
        RegQueryValueExW(key_, name, nullptr, nullptr, reinterpret_cast<BYTE*>(text), &size);
    } else if (const auto found = node_->values.find(name); found != node_->values.end()) {
        std::memcpy(text, found->second.data(), std::min<std::size_t>(size, found->second.size()));
    }
    return text;
}

bool RegistryTree::create(const RegistryTree& parent, const wchar_t* name) {
    if (!EnterRegistryWrite()) return false;
    version++;
    if (!parent.node_)
        return RegCreateKeyExW(parent.key_, name, 0, nullptr, 0, KEY_READ | KEY_WRITE, nullptr, &key_, nullptr) ==
               ERROR_SUCCESS;
    auto& child = parent.node_->keys[name];
    if (!child) child = std::make_unique<Node>();
    node_ = child.get();
    return true;
}

bool RegistryTree::write(const wchar_t* name, DWORD type, const void* data, std::size_t size) const {
    if (!EnterRegistryWrite()) return false;
    version++;
    const auto* bytes = static_cast<const BYTE*>(data);
    if (!node_) return RegSetValueExW(key_, name, 0, type, bytes, static_cast<DWORD>(size)) == ERROR_SUCCESS;
    node_->values[name].assign(bytes, bytes + size);
    return true;
}

bool RegistryTree::deleteTree(const wchar_t* name) const {
    if (!EnterRegistryWrite()) return false;
    version++;
    if (!node_) {
        const LSTATUS status = RegDeleteTreeW(key_, name);
        return status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND;
    }
    node_->keys.erase(name);
    return true;
}
}  // namespace test_winsock
