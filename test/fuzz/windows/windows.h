// Of Windows' header what setup/pe_image.cpp needs, so that it compiles natively, under the sanitizers: the structures
// of Microsoft's "PE Format" and of VERSIONINFO, by Windows' names.
#pragma once

#include <cstdint>

struct IMAGE_DOS_HEADER {
    std::uint16_t e_magic, others[29];
    std::int32_t e_lfanew;
};
static_assert(sizeof(IMAGE_DOS_HEADER) == 64);

struct IMAGE_FILE_HEADER {
    std::uint16_t Machine, NumberOfSections;
    std::uint32_t TimeDateStamp, PointerToSymbolTable, NumberOfSymbols;
    std::uint16_t SizeOfOptionalHeader, Characteristics;
};
static_assert(sizeof(IMAGE_FILE_HEADER) == 20);

struct IMAGE_DATA_DIRECTORY {
    std::uint32_t VirtualAddress, Size;
};

struct IMAGE_OPTIONAL_HEADER32 {
    std::uint16_t Magic;
    std::uint8_t others[94];
    IMAGE_DATA_DIRECTORY DataDirectory[16];
};
static_assert(sizeof(IMAGE_OPTIONAL_HEADER32) == 224);

struct IMAGE_OPTIONAL_HEADER64 {
    std::uint16_t Magic;
    std::uint8_t others[110];
    IMAGE_DATA_DIRECTORY DataDirectory[16];
};
static_assert(sizeof(IMAGE_OPTIONAL_HEADER64) == 240);

struct IMAGE_SECTION_HEADER {
    std::uint8_t Name[8];
    std::uint32_t VirtualSize, VirtualAddress, SizeOfRawData, PointerToRawData, others[3], Characteristics;
};
static_assert(sizeof(IMAGE_SECTION_HEADER) == 40);

struct IMAGE_EXPORT_DIRECTORY {
    std::uint32_t Characteristics, TimeDateStamp, Version, Name, Base, NumberOfFunctions, NumberOfNames,
        AddressOfFunctions, AddressOfNames, AddressOfNameOrdinals;
};
static_assert(sizeof(IMAGE_EXPORT_DIRECTORY) == 40);

struct IMAGE_RESOURCE_DIRECTORY {
    std::uint32_t Characteristics, TimeDateStamp, Version;
    std::uint16_t NumberOfNamedEntries, NumberOfIdEntries;
};
static_assert(sizeof(IMAGE_RESOURCE_DIRECTORY) == 16);

struct IMAGE_RESOURCE_DATA_ENTRY {
    std::uint32_t OffsetToData, Size, CodePage, Reserved;
};

struct VS_FIXEDFILEINFO {
    std::uint32_t dwSignature, dwStrucVersion, dwFileVersionMS, dwFileVersionLS, others[9];
};
static_assert(sizeof(VS_FIXEDFILEINFO) == 52);

inline constexpr std::uint16_t IMAGE_DOS_SIGNATURE = 0x5A4D;
inline constexpr std::uint32_t IMAGE_NT_SIGNATURE = 0x00004550;
inline constexpr std::uint16_t IMAGE_NT_OPTIONAL_HDR32_MAGIC = 0x10B, IMAGE_NT_OPTIONAL_HDR64_MAGIC = 0x20B;
inline constexpr std::uint16_t IMAGE_FILE_DLL = 0x2000;
inline constexpr unsigned IMAGE_DIRECTORY_ENTRY_EXPORT = 0, IMAGE_DIRECTORY_ENTRY_RESOURCE = 2;
inline constexpr std::uint32_t IMAGE_RESOURCE_DATA_IS_DIRECTORY = 0x80000000;
