/**
 * What a speech-to-speech service says, for tests of the client.
 * Not here: a service that hears; see src/sandbox.
 */
import { type Peer, READY } from '../../speech/scripted-server.js';

export const S2S_READY = {
  ...READY,
  sample_rate: 48_000,
  frame_size: 3840,
  audio_stream_names: [],
  delay_in_frames: undefined,
};

export const audio = (bytes: Uint8Array, startS = 0) => ({
  type: 'audio',
  audio: Buffer.from(bytes).toString('base64'),
  start_s: startS,
  stop_s: startS + 0.08,
  stream_id: 0,
});

export const word = (text: string, startS: number, stopS: number) => ({
  type: 'text',
  text,
  start_s: startS,
  stop_s: stopS,
  stream_id: 0,
});

/** Answers `setup`, waits for the end of the audio, says these messages, and closes as the service does. */
export async function politeS2s(peer: Peer, ...says: object[]): Promise<void> {
  await peer.next('setup');
  peer.send(S2S_READY);
  if (!(await peer.next('end_of_stream'))) return;
  peer.send(...says, { type: 'end_of_stream' });
  peer.ws.close(1000);
}
