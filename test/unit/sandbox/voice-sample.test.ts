import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OggOpusReader, WavReader } from '../../../src/audio/index.js';
import { startSandbox } from '../../../src/sandbox/index.js';
import { VoiceSample } from '../../../src/sandbox/voice-sample.js';
import { rest } from './rest-client.js';

const WAV = readFileSync(new URL('../../fixtures/audio/voice/voice-48k-mono-s16.wav', import.meta.url));

afterEach(() => vi.restoreAllMocks());

describe('VoiceSample', () => {
  it('says what was wrong first, whatever follows', () => {
    const broken = Buffer.from(WAV.subarray(0, 16_384));
    broken.writeUInt16LE(0x1234, 20); // a format tag that nothing has
    const verdictOf = (...pieces: Uint8Array[]): unknown => {
      const sample = new VoiceSample();
      for (const piece of pieces) sample.push(piece);
      const verdict = sample.finish(undefined);
      sample.close();
      return verdict;
    };
    const whole = verdictOf(broken);
    expect(whole).toEqual({ problem: expect.stringContaining('the sample cannot be read: ') });
    expect(verdictOf(broken.subarray(0, 5_000), broken.subarray(5_000))).toEqual(whole);
  });

  it('is closed when the form ends early', async () => {
    const closed = [WavReader, OggOpusReader].map((reader) => vi.spyOn(reader.prototype, 'close'));
    const sandbox = await startSandbox();
    const head =
      '--B\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n';
    const answer = await rest(
      sandbox.url,
      'POST',
      '/voices/',
      new Uint8Array(Buffer.concat([Buffer.from(head), WAV])),
      { 'content-type': 'multipart/form-data; boundary=B' },
    );
    expect([answer.status, answer.body]).toEqual([
      400,
      { detail: 'There was an error parsing the body: the body ends before its last boundary' },
    ]);
    expect(closed.map((spy) => spy.mock.calls.length)).toEqual([1, 0]);
    await sandbox.close();
  });
});
