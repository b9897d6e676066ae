// Base64 text decodes to the bytes it was made of and is the same on every instruction set.
#include "base64_decode.h"
#include "core/base64.h"
#include "fuzz.h"

using namespace sluice;

FUZZ_TARGET(base64) {
  const size_t misaligned = input.Below(64);
  const std::vector<uint8_t> bytes = input.Rest();
  fuzz::Room<uint8_t> text(Base64Length(bytes.size()), misaligned);
  FUZZ_CHECK(Base64Encode(bytes, text.span()) == text.span().size());
  FUZZ_CHECK(fuzz::DecodeBase64(text.span()) == bytes);

  fuzz::ForEachLevel([&](const Kernels& kernels) {
    fuzz::Room<uint8_t> groups(bytes.size() / 3 * 4, misaligned);
    kernels.base64.encode_groups(bytes.data(), bytes.size(), groups.data());
    FUZZ_CHECK(fuzz::SameBits(groups.span(), text.span().first(groups.span().size())));
  });
}
