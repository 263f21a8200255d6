#include "telemetry.hpp"

#include <windows.h>
#include <winsock2.h>

#include <algorithm>
#include <cstring>

#include "handle.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

constexpr char section_name[IMAGE_SIZEOF_SHORT_NAME] = {'.', 's', 'h', 'a', 'r', 'e', 'd', '\0'};

// A file mapped as an image: each section where the loader puts it, and a shared one shared with those who loaded it.
class MappedImage {
  public:
    explicit MappedImage(HANDLE mapping) noexcept : view_(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0)) {}
    ~MappedImage() {
        if (view_ != nullptr) UnmapViewOfFile(view_);
    }
    MappedImage(const MappedImage&) = delete;
    MappedImage& operator=(const MappedImage&) = delete;

    const unsigned char* bytes() const noexcept { return static_cast<const unsigned char*>(view_); }

  private:
    void* view_;
};

// Both kinds of optional header have SizeOfImage at the same place, and the section headers behind them.
const unsigned char* find_shared_section(const unsigned char* image, std::size_t& size) noexcept {
    // The system has taken the file for an image, so these headers are there.
    const auto* const dos = reinterpret_cast<const IMAGE_DOS_HEADER*>(image);
    const auto* const nt = reinterpret_cast<const IMAGE_NT_HEADERS32*>(image + dos->e_lfanew);
    const std::size_t image_size = nt->OptionalHeader.SizeOfImage;
    const auto* const sections = reinterpret_cast<const IMAGE_SECTION_HEADER*>(
        reinterpret_cast<const unsigned char*>(&nt->OptionalHeader) + nt->FileHeader.SizeOfOptionalHeader);
    for (unsigned i = 0; i < nt->FileHeader.NumberOfSections; ++i) {
        const IMAGE_SECTION_HEADER& section = sections[i];
        if (std::memcmp(section.Name, section_name, sizeof(section_name)) != 0) continue;
        if ((section.Characteristics & IMAGE_SCN_MEM_SHARED) == 0 || section.VirtualAddress >= image_size)
            return nullptr;
        size = std::min<std::size_t>(section.Misc.VirtualSize, image_size - section.VirtualAddress);
        return image + section.VirtualAddress;
    }
    return nullptr;
}

}  // namespace

Result<ReadCounters> read_telemetry(const std::wstring& dll) {
    const std::string attempt = concat({"Cannot read what ", dll, " has counted"});
    const Handle file(CreateFileW(dll.c_str(), GENERIC_READ | GENERIC_EXECUTE, FILE_SHARE_READ | FILE_SHARE_DELETE,
                                  nullptr, OPEN_EXISTING, 0, nullptr));
    if (!file) return system_error(GetLastError(), "CreateFileW", attempt, "Give the full path of the provider's DLL.");
    const auto not_ours = [&] {
        return own_error("ERR_NOT_A_PROVIDER",
                         concat({attempt, ": it has no shared section. Give the DLL of winsock-lsp."}));
    };
    const Handle mapping(CreateFileMappingW(file.get(), nullptr, PAGE_READONLY | SEC_IMAGE, 0, 0, nullptr));
    if (!mapping) return not_ours();
    const MappedImage image(mapping.get());
    if (image.bytes() == nullptr) return system_error(GetLastError(), "MapViewOfFile", attempt);
    std::size_t size = 0;
    const unsigned char* const section = find_shared_section(image.bytes(), size);
    if (section == nullptr) return not_ours();
    auto counters = lsp::read_counters(section, size);
    if (!counters) {
        return own_error("ERR_BAD_TELEMETRY",
                         concat({attempt,
                                 ": the section is of another version, or a program has overwritten it. It is "
                                 "made anew when no program uses the DLL any more."}));
    }
    return std::move(*counters);
}

}  // namespace lsp::system
