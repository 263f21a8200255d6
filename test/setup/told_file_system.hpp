// A double of the file system (setup/file_system.hpp) that is told what a path is like, because Wine enforces no access
// rights and has no junctions, 8.3 names and drives of other machines. What it is not told of belongs to
// administrators.
#pragma once

#include <doctest/doctest.h>

#include <cwctype>
#include <map>

#include "../system/support.hpp"
#include "setup/file_system.hpp"
// Below windows.h, which it needs.
#include <sddl.h>

class ToldFileSystem final : public lsp::setup::FileSystem {
  public:
    using PathFacts = lsp::setup::PathFacts;

    static constexpr wchar_t administrators_only[] = L"O:BAG:BAD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FRFX;;;BU)";
    static constexpr wchar_t users_may_write[] = L"O:BAG:BAD:(A;;FA;;;BA)(A;;0x1301bf;;;AU)";
    // What Windows gives C:\: anybody may make folders in it.
    static constexpr wchar_t root_rights[] = L"O:BAG:BAD:(A;;FA;;;BA)(A;;0x4;;;AU)(A;OICIIO;0x1301bf;;;AU)";

    static lsp::setup::AccessRights rights(const wchar_t* sddl) {
        PSECURITY_DESCRIPTOR descriptor = nullptr;
        REQUIRE(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, nullptr));
        lsp::setup::AccessRights result = lsp::setup::rights_of(descriptor);
        LocalFree(descriptor);
        return result;
    }

    // Whoever may do what with this file or folder.
    ToldFileSystem& with_rights(const std::wstring& path, const wchar_t* sddl) {
        told(path).rights = rights(sddl);
        return *this;
    }
    // It stands for another path: a junction, a symbolic link.
    ToldFileSystem& link(const std::wstring& path) {
        told(path).link = true;
        return *this;
    }
    // It and what is below it is really there: another drive's, or the long form of an 8.3 name.
    ToldFileSystem& leads_to(const std::wstring& path, const std::wstring& final_path) {
        moved_.emplace_back(lower(path), final_path);
        return *this;
    }
    ToldFileSystem& fails(const std::wstring& path, DWORD error) {
        told(path).error = error;
        return *this;
    }
    ToldFileSystem& drive_is(wchar_t letter, lsp::setup::DriveKind kind) {
        drives_[static_cast<wchar_t>(std::towupper(letter))] = kind;
        return *this;
    }
    // What has been asked for, in order.
    const std::vector<std::wstring>& asked() const { return asked_; }

    lsp::setup::DriveKind drive(wchar_t letter) override {
        const auto known = drives_.find(static_cast<wchar_t>(std::towupper(letter)));
        return known == drives_.end() ? lsp::setup::DriveKind::fixed : known->second;
    }
    PathFacts look(const std::wstring& path, lsp::system::Handle&) override {
        asked_.push_back(path);
        const auto known = paths_.find(lower(path));
        PathFacts facts = known == paths_.end() ? ordinary() : known->second;
        facts.final_path = path;
        for (const auto& [from, to] : moved_) {
            const std::wstring text = lower(path);
            if (text != from && !text.starts_with(from.back() == L'\\' ? from : from + L'\\')) continue;
            facts.final_path = to + path.substr(from.size());
        }
        return facts;
    }

  private:
    static std::wstring lower(std::wstring text) {
        for (wchar_t& c : text) c = static_cast<wchar_t>(std::towlower(c));
        return text;
    }
    static PathFacts ordinary() {
        PathFacts facts;
        facts.rights = rights(administrators_only);
        return facts;
    }
    PathFacts& told(const std::wstring& path) { return paths_.try_emplace(lower(path), ordinary()).first->second; }

    std::map<std::wstring, PathFacts> paths_;
    std::vector<std::pair<std::wstring, std::wstring>> moved_;
    std::map<wchar_t, lsp::setup::DriveKind> drives_;
    std::vector<std::wstring> asked_;
};
