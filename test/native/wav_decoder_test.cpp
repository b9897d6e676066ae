// WavDecoder: samples equal to those of the whole file, however the bytes were cut; room, errors, reuse.
#include "core/wav_decoder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "check.h"
#include "core/wav_writer.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kFrames = 41;

// kFrames frames of bytes that are all kinds of values, and `extra` bytes of an unfinished frame.
Bytes Audio(SampleFormat format, uint16_t channels, size_t extra) {
  Bytes audio(kFrames * channels * BytesPerSample(format) + extra);
  for (size_t i = 0; i < audio.size(); ++i) audio[i] = static_cast<uint8_t>(i * i * 37 + 11);
  return audio;
}

Bytes File(SampleFormat format, uint16_t channels, const Bytes& audio) {
  std::array<uint8_t, kMaxWavHeaderBytes> header;
  const auto size = WriteWavHeader(
      {.format = format, .sample_rate_hz = 8000, .channels = channels, .data_bytes = kUnknownSize}, header);
  CHECK(size.ok());
  Bytes file(header.begin(), header.begin() + static_cast<ptrdiff_t>(size.value()));
  file.insert(file.end(), audio.begin(), audio.end());
  return file;
}

template <class T>
std::vector<T> Decode(WavDecoder& decoder, std::span<const uint8_t> file, size_t cut) {
  constexpr T kCanary = 77;
  std::vector<T> all;
  for (; !file.empty(); file = file.subspan(std::min(cut, file.size()))) {
    const auto chunk = file.first(std::min(cut, file.size()));
    const size_t wanted = decoder.MaxOutputSamples(chunk.size());
    std::vector<T> room(wanted + 8, kCanary);
    if (wanted > 0) {
      const auto refused = decoder.Process(chunk, std::span(room).first(wanted - 1));
      CHECK(!refused.ok() && refused.error().code == ErrorCode::kOutputTooSmall);
    }
    const auto samples = decoder.Process(chunk, std::span(room).first(wanted));
    CHECK(samples.ok());
    if (!samples.ok()) return all;
    CHECK(std::all_of(room.begin() + static_cast<ptrdiff_t>(wanted), room.end(),
                      [](T value) { return value == kCanary; }));
    room.resize(samples.value());
    all.insert(all.end(), room.begin(), room.end());
  }
  CHECK(decoder.Finish().ok());
  return all;
}

// Bit by bit: some of the bytes are floats that are no numbers.
template <class T>
Bytes BitsOf(const std::vector<T>& samples) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(samples.data());
  return {bytes, bytes + samples.size() * sizeof(T)};
}

template <class T>
void CheckEveryCut(SampleFormat format, uint16_t channels) {
  const size_t frame_bytes = channels * BytesPerSample(format);
  const Bytes audio = Audio(format, channels, frame_bytes - 1);
  const Bytes file = File(format, channels, audio);
  std::vector<T> expected(kFrames * channels);
  const auto whole = std::span(audio).first(kFrames * frame_bytes);
  if constexpr (std::is_same_v<T, float>)
    ToFloat32(format, whole, expected);
  else
    ToInt16(format, whole, expected);
  WavDecoder decoder;
  for (const size_t cut : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{50}, file.size()}) {
    CHECK(BitsOf(Decode<T>(decoder, file, cut)) == BitsOf(expected));  // again and again: Process begins anew
    CHECK_EQ(decoder.reader().frames(), uint64_t{kFrames});
  }
}

TEST("WavDecoder gives the same samples however the bytes were cut") {
  using enum SampleFormat;
  for (const SampleFormat format : {kU8, kS16Le, kS24Le, kS32Le, kF32Le, kF64Le, kMulaw, kAlaw}) {
    for (const uint16_t channels : {uint16_t{1}, uint16_t{2}, uint16_t{5}}) {
      CheckEveryCut<int16_t>(format, channels);
      CheckEveryCut<float>(format, channels);
    }
  }
}

TEST("WavDecoder reports an error until Reset") {
  WavDecoder decoder;
  const Bytes bad(20, 'x');
  std::vector<int16_t> room(100);
  for (int i = 0; i < 2; ++i) {
    const auto samples = decoder.Process(bad, std::span(room));
    CHECK(!samples.ok() && samples.error().code == ErrorCode::kWavNotWav);
    const auto end = decoder.Finish();
    CHECK(!end.ok() && end.error().code == ErrorCode::kWavNotWav);
  }
  decoder.Reset();
  const Bytes file = File(SampleFormat::kS16Le, 1, Audio(SampleFormat::kS16Le, 1, 0));
  CHECK_EQ(Decode<int16_t>(decoder, file, 9).size(), kFrames);
}

TEST("WavDecoder forgets a frame cut by the end of one file before the next") {
  WavDecoder decoder;
  const Bytes whole = Audio(SampleFormat::kS24Le, 2, 0);
  const Bytes cut = Audio(SampleFormat::kS24Le, 2, 5);
  const auto first = Decode<float>(decoder, File(SampleFormat::kS24Le, 2, cut), 4);
  CHECK_EQ(decoder.reader().warnings() >> static_cast<unsigned>(WavWarning::kPartialFrame) & 1, 1u);
  CHECK(Decode<float>(decoder, File(SampleFormat::kS24Le, 2, whole), 4) == first);
}

TEST("WavDecoder keeps the facts of a finished file until bytes come") {
  WavDecoder decoder;
  Decode<int16_t>(decoder, File(SampleFormat::kU8, 1, Audio(SampleFormat::kU8, 1, 0)), 50);
  const auto nothing = decoder.Process({}, std::span<int16_t>());
  CHECK(nothing.ok() && nothing.value() == 0);
  CHECK(decoder.Finish().ok());
  CHECK_EQ(decoder.reader().frames(), uint64_t{kFrames});
}

TEST("WavDecoder without a header is refused by Finish") {
  WavDecoder decoder;
  const auto end = decoder.Finish();
  CHECK(!end.ok() && end.error().code == ErrorCode::kWavNotWav);
}

}  // namespace
}  // namespace sluice
