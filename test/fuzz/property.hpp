// What the fuzz targets assert with, and how they take their input apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule.hpp"

namespace fuzz {

// Ends the program with the property's name, so that libFuzzer keeps the input.
void require(bool holds, const char* property);

// A message of a parser: never empty, short, and without what a terminal or a log must not get.
void require_message(const std::string& message);

std::string_view text_of(const std::uint8_t* data, std::size_t size);

// The pieces between separators, at most `most` of them.
std::vector<std::string> split(std::string_view text, char separator, std::size_t most);

// Flows that rules make interesting: in one of their prefixes, at an edge or just outside, or any at all; ports
// likewise.
class FlowsNear {
  public:
    explicit FlowsNear(const lsp::Vector<lsp::Rule>& rules);
    lsp::IpAddress destination(std::uint32_t choice) const;
    std::uint16_t port(std::uint32_t choice) const;

  private:
    lsp::Vector<lsp::Prefix> prefixes_;
    lsp::Vector<lsp::PortRange> ports_;
};

}  // namespace fuzz
