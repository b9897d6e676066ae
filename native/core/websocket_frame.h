// A frame of a WebSocket client (RFC 6455 §5.2): one text message, headed and masked, ready to be written to
// a socket. Not here: fragments, control frames, anything that is received.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

using MaskingKey = std::array<uint8_t, 4>;

size_t TextFrameLength(size_t message_bytes);

// Writes the frame to the front of out, which must hold TextFrameLength(message.size()), and returns that
// length. Nobody may be able to predict the key (§10.3).
size_t WriteTextFrame(std::span<const uint8_t> message, const MaskingKey& key, std::span<uint8_t> out);

}  // namespace sluice
