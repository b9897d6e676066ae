// Frames out of chunks. Not here: when they are taken.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JitterBuffer } from '../../../src/telephony/jitter-buffer.js';
import { PHONE_LINE } from '../../../src/telephony/line-format.js';

const audio = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => i % 251));

function takeAll(buffer: JitterBuffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let frame = Buffer.alloc(160); buffer.take(frame); frame = Buffer.alloc(160)) frames.push(frame);
  return frames;
}

describe('JitterBuffer', () => {
  it('gives the same frames however the audio was cut', () => {
    const property = fc.property(
      fc.array(fc.nat({ max: 400 }), { maxLength: 20 }),
      fc.boolean(),
      (cuts, eager) => {
        const whole = audio(cuts.reduce((sum, cut) => sum + cut, 0));
        const buffer = new JitterBuffer(PHONE_LINE, 100);
        const frames: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          buffer.push(whole.subarray(at, at + cut));
          at += cut;
          if (eager) frames.push(...takeAll(buffer));
        }
        buffer.end();
        frames.push(...takeAll(buffer));
        const padding = Buffer.alloc((160 - (whole.length % 160)) % 160, 0xff);
        expect(Buffer.concat(frames)).toEqual(Buffer.concat([whole, padding]));
        expect(buffer.isDrained).toBe(true);
      },
    );
    fc.assert(property, { seed: 7 });
  });

  it('waits for the prebuffer, and again after it has run dry', () => {
    const buffer = new JitterBuffer(PHONE_LINE, 40);
    buffer.push(audio(319));
    expect(takeAll(buffer)).toHaveLength(0);
    buffer.push(audio(1));
    expect(takeAll(buffer)).toHaveLength(2);
    buffer.push(audio(160));
    expect(takeAll(buffer)).toHaveLength(0);
    buffer.push(audio(160));
    expect(takeAll(buffer)).toHaveLength(2);
  });

  it('is not drained before the end is known', () => {
    const buffer = new JitterBuffer(PHONE_LINE, 0);
    expect(buffer.isDrained).toBe(false);
    buffer.push(audio(5));
    buffer.end();
    expect(buffer.isDrained).toBe(false);
    buffer.clear();
    expect(buffer.isDrained).toBe(true);
  });
});
