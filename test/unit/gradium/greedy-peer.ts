/** A peer that takes audio as fast as it is sent: nothing but the sender itself makes room for anyone else. */
import { vi } from 'vitest';
import { SpeechSocket } from '../../../src/speech/index.js';

/** Audio no longer reaches the server; `onAudio` hears, message by message, how many bytes there were so far. */
export function swallowAudio(onAudio: (bytes: number) => void): void {
  const send = SpeechSocket.prototype.send;
  let bytes = 0;
  vi.spyOn(SpeechSocket.prototype, 'send').mockImplementation(function (this: SpeechSocket, message) {
    if (typeof message === 'string') {
      send.call(this, message);
      return;
    }
    bytes += message.length;
    onAudio(bytes);
  });
}
