// Which container the first bytes of a file tell, for readers that must refuse it by name.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

inline constexpr size_t kContainerHeadBytes = 12;  // as many as a name may need

// "a FLAC file" and alike, or null. `head`: the first bytes, all of them where the file is shorter than
// kContainerHeadBytes.
const char* ContainerName(std::string_view head);

}  // namespace sluice
