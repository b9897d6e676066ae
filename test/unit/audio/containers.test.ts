import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audioContainer, containerHeadBytes, type ForeignContainer } from '../../../src/audio/index.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from '../cli/folder.js';
import { root } from './helpers.js';

const WAVS = join(root, 'test/fixtures/audio/wav');

/** The first page of an Ogg stream with one packet; sizes as RFC 3533 §6, the checksum left out. */
function page(packet: string, flags = 2): Buffer {
  const header = Buffer.alloc(28);
  header.write('OggS');
  header[5] = flags;
  header[26] = 1;
  header[27] = packet.length;
  return Buffer.concat([header, Buffer.from(packet, 'latin1')]);
}
const OPUS = page('OpusHead\x01\x01'.padEnd(19, '\0'));
const VORBIS = page('\x01vorbis'.padEnd(30, '\0'));

describe('audioContainer', () => {
  it.each([
    ['ID3\x04\0\0', 'mp3'],
    ['\xff\xfb\x90\x64', 'mp3'],
    ['\xff\xf1\x50\x80', 'aac'],
    ['\0\0\0\x20ftypM4A ', 'mp4'],
    ['fLaC\0\0\0\x22', 'flac'],
    ['\x1a\x45\xdf\xa3\x9f', 'matroska'],
    ['#!AMR\n', 'amr'],
    ['#!AMR-WB\n', 'amr'],
    ['\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c', 'asf'],
    ['FORM\0\0\0\0AIFF', 'aiff'],
    ['FORM\0\0\0\0AIFC', 'aiff'],
    ['.snd\0\0\0\x18', 'au'],
    ['caff\0\x01', 'caf'],
    ['riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb', 'w64'],
    ['NIST_1A\n', 'nist'],
    ['wvpk', 'wavpack'],
  ])('audioContainer knows %j', (head, name) => {
    const found = audioContainer(Buffer.from(head, 'latin1'));
    expect(found).toMatchObject({ name, lossless: expect.any(Boolean) });
    expect((found as ForeignContainer).title).toMatch(/^(an? |MPEG audio)/);
  });

  it('audioContainer names the codec of an Ogg file, and takes one with Opus in it, or nothing known, for Ogg Opus', () => {
    expect(audioContainer(VORBIS)).toMatchObject({ name: 'ogg', title: 'an Ogg file with Vorbis' });
    expect(audioContainer(page('Speex   1.2'))).toMatchObject({
      title: 'an Ogg file with Speex',
      lossless: false,
    });
    expect(audioContainer(page('\x7fFLAC\x01\0'))).toMatchObject({
      title: 'an Ogg file with FLAC',
      lossless: true,
    });
    expect(audioContainer(Buffer.concat([page('fishead\0'), VORBIS]))).toMatchObject({
      title: 'an Ogg file with Vorbis',
    });
    for (const head of [
      OPUS,
      Buffer.concat([VORBIS, OPUS]),
      Buffer.concat([OPUS, VORBIS]),
      page('\x80theora'),
      Buffer.from('OggS'),
    ])
      expect(audioContainer(head)).toBe('ogg');
    // What is no first page begins no stream.
    expect(audioContainer(Buffer.concat([page('fishead\0'), page('\x01vorbis', 0)]))).toBe('ogg');
  });

  it('audioContainer finds Ogg Opus behind other bytes, and not in a WAV', () => {
    const junk = Buffer.alloc(300, 'junk OggS ');
    expect(audioContainer(Buffer.concat([junk, OPUS]))).toBe('ogg');
    expect(audioContainer(Buffer.concat([Buffer.from('\xff\xfb\x90\x64', 'latin1'), OPUS]))).toBe('ogg');
    expect(audioContainer(Buffer.concat([junk, page('fishead\0'), OPUS]))).toBe('ogg');
    expect(audioContainer(Buffer.concat([junk, VORBIS]))).toBe('wav');
    expect(audioContainer(Buffer.concat([junk, page('OpusHead', 0)]))).toBe('wav');
    expect(audioContainer(Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), OPUS]))).toBe('wav');
    expect(audioContainer(Buffer.concat([Buffer.alloc(5000), OPUS]))).toBe('wav');
  });

  it('containerHeadBytes asks for more only where more could tell', () => {
    const ask = (head: Buffer) => containerHeadBytes(head) > head.length;
    expect(ask(Buffer.alloc(15))).toBe(true);
    expect(ask(Buffer.from('RIFF\0\0\0\0WAVEfmt '))).toBe(false);
    expect(ask(Buffer.from('fLaC'.padEnd(16, '\0')))).toBe(false);
    expect(ask(OPUS)).toBe(false);
    expect(ask(VORBIS)).toBe(true); // an Opus stream may follow
    expect(ask(Buffer.from(VORBIS.toString('latin1').padEnd(4096, '\0'), 'latin1'))).toBe(false);
    expect(ask(Buffer.alloc(16))).toBe(true);
    expect(ask(Buffer.alloc(4096))).toBe(false);
  });

  it('audioContainer leaves WAV, raw samples, FORMs of other kinds and nothing to WavReader', () => {
    const heads = [
      '',
      'f',
      'RIFF\0\0\0\0WAVE',
      'RF64',
      'FORM\0\0\0\0ILBM',
      'AIFFAIFFAIFF',
      '\xff\xff\xff\xff',
      '\xff\xfe\0\0',
    ];
    for (const head of heads) expect(audioContainer(Buffer.from(head, 'latin1')), head).toBe('wav');
    expect(audioContainer(readFileSync(join(WAVS, 'speech-8k-mono-s16.wav')))).toBe('wav');
  });

  it('audioContainer says the same of a file and of its bytes', () => {
    const names = readdirSync(WAVS).filter((name) => name.startsWith('reject-not-wav'));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      const path = join(WAVS, name);
      expect(audioContainer(path), name).toEqual(audioContainer(readFileSync(path)));
      expect(audioContainer(path), name).not.toBe('wav');
    }
  });

  it('audioContainer never throws on bytes', () => {
    const magic = fc
      .constantFrom('OggS', 'FORM', '\xff\xfb', '\0\0\0\0ftyp', '')
      .map((text) => Buffer.from(text, 'latin1'));
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 1100 }), (begin, rest) => {
        const head = Buffer.concat([begin, rest]);
        const found = audioContainer(head);
        expect(typeof found === 'string' || found.title.length > 0).toBe(true);
        expect([16, 4096]).toContain(containerHeadBytes(head));
      }),
    );
  });

  it('audioContainer refuses what is neither a path nor bytes', () => {
    for (const value of [undefined, null, 5, {}, []])
      expect(() => audioContainer(value as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
      );
    expect(() => audioContainer('/no/such/file')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(() => audioContainer(root)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });

  it.skipIf(onWindows('named pipes'))('audioContainer does not wait at a named pipe', () => {
    const pipe = join(folderWith(), 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    expect(() => audioContainer(pipe)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });

  it('audioContainer takes an empty file for none', () => {
    const path = join(folderWith(), 'empty.mp3');
    writeFileSync(path, '');
    expect(audioContainer(path)).toBe('wav');
  });
});
