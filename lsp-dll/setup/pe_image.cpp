#include "pe_image.hpp"

#include <windows.h>
#include <winsock2.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "../system/text.hpp"

namespace lsp::setup {
namespace {

constexpr std::uint32_t most_exports = 4096;
constexpr std::size_t longest_export = 256;
constexpr std::uint32_t most_resources = 256;
constexpr char grammar_export[] = "winsock_lsp_policy_grammar";  // a number of four bytes (provider/identity.cpp)

class Reader {
  public:
    explicit Reader(const std::vector<unsigned char>& bytes) : bytes_(bytes) {}

    // A structure at a file offset, or nothing if the file ends before it does.
    template <typename T>
    std::optional<T> at(std::uint64_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof(T));
        return value;
    }

    std::optional<std::string> text_at(std::uint64_t offset) const {
        std::string text;
        while (text.size() < longest_export) {
            const auto c = at<char>(offset++);
            if (!c) return std::nullopt;
            if (*c == '\0') return text;
            text += *c;
        }
        return std::nullopt;
    }

  private:
    const std::vector<unsigned char>& bytes_;
};

class Sections {
  public:
    Sections(const Reader& reader, std::uint64_t offset, std::uint16_t count) {
        for (std::uint16_t i = 0; i < count; ++i) {
            const auto section =
                reader.at<IMAGE_SECTION_HEADER>(offset + std::uint64_t{i} * sizeof(IMAGE_SECTION_HEADER));
            if (!section) return;
            sections_.push_back(*section);
        }
    }

    std::optional<std::uint64_t> file_offset(std::uint32_t address) const {
        for (const IMAGE_SECTION_HEADER& section : sections_) {
            if (address < section.VirtualAddress || address - section.VirtualAddress >= section.SizeOfRawData) continue;
            return std::uint64_t{section.PointerToRawData} + (address - section.VirtualAddress);
        }
        return std::nullopt;
    }

  private:
    std::vector<IMAGE_SECTION_HEADER> sections_;
};

// What the export of that place among the names begins with.
std::optional<std::uint32_t> number_of_export(const Reader& reader, const Sections& sections,
                                              const IMAGE_EXPORT_DIRECTORY& directory, std::uint32_t name) {
    const auto ordinals = sections.file_offset(directory.AddressOfNameOrdinals);
    const auto functions = sections.file_offset(directory.AddressOfFunctions);
    if (!ordinals || !functions) return std::nullopt;
    const auto ordinal = reader.at<std::uint16_t>(*ordinals + std::uint64_t{name} * sizeof(std::uint16_t));
    if (!ordinal || *ordinal >= directory.NumberOfFunctions) return std::nullopt;
    const auto address = reader.at<std::uint32_t>(*functions + std::uint64_t{*ordinal} * sizeof(std::uint32_t));
    const auto offset = address ? sections.file_offset(*address) : std::nullopt;
    return offset ? reader.at<std::uint32_t>(*offset) : std::nullopt;
}

void read_exports(const Reader& reader, const Sections& sections, std::uint32_t directory_address, PeImage& image) {
    const auto directory_offset = sections.file_offset(directory_address);
    if (!directory_offset) return;
    const auto directory = reader.at<IMAGE_EXPORT_DIRECTORY>(*directory_offset);
    if (!directory) return;
    const auto names_offset = sections.file_offset(directory->AddressOfNames);
    if (!names_offset) return;
    const std::uint32_t count = std::min<std::uint32_t>(directory->NumberOfNames, most_exports);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto address = reader.at<std::uint32_t>(*names_offset + std::uint64_t{i} * sizeof(std::uint32_t));
        const auto offset = address ? sections.file_offset(*address) : std::nullopt;
        const auto name = offset ? reader.text_at(*offset) : std::nullopt;
        if (!name) return;
        if (*name == grammar_export) image.policy_grammar = number_of_export(reader, sections, *directory, i);
        image.exports.push_back(*name);
    }
}

// The first entry of a directory of resources, or the one with that id. What it leads to is told as the file has it:
// relative to the section's resources.
std::optional<std::uint32_t> resource_entry(const Reader& reader, std::uint64_t directory_offset,
                                            std::optional<std::uint32_t> id) {
    const auto directory = reader.at<IMAGE_RESOURCE_DIRECTORY>(directory_offset);
    if (!directory) return std::nullopt;
    const std::uint32_t count = std::min<std::uint32_t>(
        std::uint32_t{directory->NumberOfNamedEntries} + directory->NumberOfIdEntries, most_resources);
    for (std::uint32_t i = 0; i < count; ++i) {
        // Two words: the id, or where its name is; where it leads, with the highest bit set for a directory.
        const std::uint64_t offset =
            directory_offset + sizeof(IMAGE_RESOURCE_DIRECTORY) + std::uint64_t{i} * 2 * sizeof(std::uint32_t);
        const auto name = reader.at<std::uint32_t>(offset),
                   to = reader.at<std::uint32_t>(offset + sizeof(std::uint32_t));
        if (!name || !to) return std::nullopt;
        if (!id || *name == *id) return *to & ~IMAGE_RESOURCE_DATA_IS_DIRECTORY;
    }
    return std::nullopt;
}

std::uint64_t read_version(const Reader& reader, const Sections& sections, std::uint32_t directory_address) {
    constexpr std::uint32_t version_resource = 16;
    // VS_VERSIONINFO begins with three words and "VS_VERSION_INFO", up to a multiple of four bytes.
    constexpr std::uint64_t fixed_info_offset = 40;
    const auto base = sections.file_offset(directory_address);
    if (!base) return 0;
    // By type, by name, by language.
    auto entry = resource_entry(reader, *base, version_resource);
    for (int level = 0; entry && level < 2; ++level) entry = resource_entry(reader, *base + *entry, std::nullopt);
    const auto data = entry ? reader.at<IMAGE_RESOURCE_DATA_ENTRY>(*base + *entry) : std::nullopt;
    const auto offset = data ? sections.file_offset(data->OffsetToData) : std::nullopt;
    const auto info = offset ? reader.at<VS_FIXEDFILEINFO>(*offset + fixed_info_offset) : std::nullopt;
    if (!info || info->dwSignature != 0xFEEF04BD) return 0;
    return std::uint64_t{info->dwFileVersionMS} << 32 | info->dwFileVersionLS;
}

}  // namespace

std::string version_text(std::uint64_t version) {
    const auto word = [version](unsigned shift) { return static_cast<std::uint16_t>(version >> shift); };
    const std::string text = system::concat({word(48), ".", word(32), ".", word(16)});
    return word(0) == 0 ? text : system::concat({text, ".", word(0)});
}

bool PeImage::has_export(std::string_view name) const {
    return std::find(exports.begin(), exports.end(), name) != exports.end();
}

bool parse_pe(const std::vector<unsigned char>& bytes, PeImage& image) {
    image = PeImage{};
    const Reader reader(bytes);
    const auto dos = reader.at<IMAGE_DOS_HEADER>(0);
    if (!dos || dos->e_magic != IMAGE_DOS_SIGNATURE || dos->e_lfanew < 0) return false;
    std::uint64_t offset = static_cast<std::uint64_t>(dos->e_lfanew);
    const auto signature = reader.at<std::uint32_t>(offset);
    if (!signature || *signature != IMAGE_NT_SIGNATURE) return false;
    offset += sizeof(std::uint32_t);
    const auto file = reader.at<IMAGE_FILE_HEADER>(offset);
    if (!file) return false;
    offset += sizeof(IMAGE_FILE_HEADER);

    std::uint32_t directory = 0, resources = 0;
    const auto magic = reader.at<std::uint16_t>(offset);
    if (magic && *magic == IMAGE_NT_OPTIONAL_HDR64_MAGIC) {
        const auto header = reader.at<IMAGE_OPTIONAL_HEADER64>(offset);
        if (!header) return false;
        directory = header->DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress;
        resources = header->DataDirectory[IMAGE_DIRECTORY_ENTRY_RESOURCE].VirtualAddress;
    } else if (magic && *magic == IMAGE_NT_OPTIONAL_HDR32_MAGIC) {
        const auto header = reader.at<IMAGE_OPTIONAL_HEADER32>(offset);
        if (!header) return false;
        directory = header->DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress;
        resources = header->DataDirectory[IMAGE_DIRECTORY_ENTRY_RESOURCE].VirtualAddress;
    } else {
        return false;
    }
    image.machine = file->Machine;
    image.is_dll = (file->Characteristics & IMAGE_FILE_DLL) != 0;
    const Sections sections(reader, offset + file->SizeOfOptionalHeader, file->NumberOfSections);
    if (directory != 0) read_exports(reader, sections, directory, image);
    if (resources != 0) image.version = read_version(reader, sections, resources);
    return true;
}

}  // namespace lsp::setup
