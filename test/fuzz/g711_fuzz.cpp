// G.711 in bulk is the formula of g711.h for every sample, on every instruction set, at any length and
// alignment.
#include "core/g711.h"
#include "fuzz.h"

using namespace sluice;

namespace {

using Encode = void (*)(const int16_t*, uint8_t*, size_t);
using Decode = void (*)(const uint8_t*, int16_t*, size_t);

// `src` as it lies `offset` bytes into some other memory.
template <class T>
class Misaligned {
 public:
  Misaligned(std::span<const T> src, size_t offset) : bytes_(offset + src.size_bytes()), offset_(offset) {
    if (!src.empty()) std::memcpy(bytes_.data() + offset, src.data(), src.size_bytes());
  }
  const T* data() const { return reinterpret_cast<const T*>(bytes_.data() + offset_); }

 private:
  std::vector<uint8_t> bytes_;
  size_t offset_;
};

template <class From, class To, class Formula>
void CheckBulk(void (*bulk)(const From*, To*, size_t), Formula formula, std::span<const From> src,
               size_t from_offset, size_t to_offset) {
  const Misaligned<From> from(src, from_offset * sizeof(From));
  fuzz::Room<To> to(src.size(), to_offset * sizeof(To));
  bulk(from.data(), to.data(), src.size());
  for (size_t i = 0; i < src.size(); ++i) FUZZ_CHECK(to.span()[i] == formula(src[i]));
}

void CheckCode(uint8_t code) {
  // Two codes stand for no sound in mu-law; the encoder uses the positive one.
  FUZZ_CHECK(MulawCode(MulawValue(code)) == (code == 0x7F ? kMulawSilence : code));
  FUZZ_CHECK(AlawCode(AlawValue(code)) == code);
}

// A neighbour's value is never nearer by more than the tie.
void CheckSample(int16_t sample) {
  FUZZ_CHECK(MulawValue(MulawCode(MulawValue(MulawCode(sample)))) == MulawValue(MulawCode(sample)));
  FUZZ_CHECK(AlawValue(AlawCode(AlawValue(AlawCode(sample)))) == AlawValue(AlawCode(sample)));
}

}  // namespace

FUZZ_TARGET(g711) {
  const size_t from_offset = input.Below(64);
  const size_t to_offset = input.Below(64);
  const std::vector<uint8_t> codes = input.Rest();
  const std::vector<int16_t> samples = fuzz::ValuesOf<int16_t>(codes);
  for (const uint8_t code : codes) CheckCode(code);
  for (const int16_t sample : samples) CheckSample(sample);

  fuzz::ForEachLevel([&](const Kernels& kernels) {
    const G711Kernels& g711 = kernels.g711;
    CheckBulk<uint8_t, int16_t>(g711.decode_mulaw, MulawValue, codes, from_offset, to_offset);
    CheckBulk<uint8_t, int16_t>(g711.decode_alaw, AlawValue, codes, from_offset, to_offset);
    CheckBulk<int16_t, uint8_t>(g711.encode_mulaw, MulawCode, samples, from_offset, to_offset);
    CheckBulk<int16_t, uint8_t>(g711.encode_alaw, AlawCode, samples, from_offset, to_offset);
  });
}
