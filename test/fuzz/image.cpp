// The file of a DLL, as a catalog or a backup that others made may name it: what it exports, its version and its
// grammar.
#include <algorithm>
#include <string_view>
#include <vector>

#include "core/readable.hpp"
#include "property.hpp"
#include "setup/pe_image.hpp"

using namespace lsp::setup;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<unsigned char> bytes(data, data + size);
    PeImage image;
    image.machine = 1;
    const bool read = parse_pe(bytes, image);
    fuzz::require(read || (image.machine == 0 && !image.is_dll && image.exports.empty() && image.version == 0 &&
                           !image.policy_grammar),
                  "of what is no image nothing is told");
    fuzz::require(image.exports.size() <= 4096, "a file that names itself over and over comes to an end");
    const std::string_view file = fuzz::text_of(data, size);
    const bool ends = std::all_of(image.exports.begin(), image.exports.end(), [&](const std::string& name) {
        return name.size() < 256 && name.find('\0') == std::string::npos && file.find(name) != std::string_view::npos;
    });
    fuzz::require(ends, "an export's name is short, and stands in the file");
    fuzz::require(!image.policy_grammar || image.has_export("winsock_lsp_policy_grammar"),
                  "only a DLL that exports its grammar has one");
    const std::string version = version_text(image.version);
    fuzz::require(version.size() >= 5 && version.size() <= 23, "a version has three or four numbers");
    return 0;
}
