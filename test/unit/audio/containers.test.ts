import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerHeadBytes, foreignContainer } from '../../../src/audio/index.js';
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

describe('foreignContainer', () => {
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
  ])('foreignContainer knows %j', (head, name) => {
    const found = foreignContainer(Buffer.from(head, 'latin1'));
    expect(found).toMatchObject({ name, lossless: expect.any(Boolean) });
    expect(found?.title).toMatch(/^(an? |MPEG audio)/);
  });

  it('foreignContainer names the codec of an Ogg file, and leaves one with Opus in it alone', () => {
    expect(foreignContainer(VORBIS)).toMatchObject({ name: 'ogg', title: 'an Ogg file with Vorbis' });
    expect(foreignContainer(page('Speex   1.2'))).toMatchObject({
      title: 'an Ogg file with Speex',
      lossless: false,
    });
    expect(foreignContainer(page('\x7fFLAC\x01\0'))).toMatchObject({
      title: 'an Ogg file with FLAC',
      lossless: true,
    });
    expect(foreignContainer(Buffer.concat([page('fishead\0'), VORBIS]))?.title).toBe(
      'an Ogg file with Vorbis',
    );
    for (const head of [
      OPUS,
      Buffer.concat([VORBIS, OPUS]),
      Buffer.concat([OPUS, VORBIS]),
      page('\x80theora'),
    ])
      expect(foreignContainer(head)).toBeUndefined();
    // What is no first page begins no stream.
    expect(foreignContainer(Buffer.concat([page('fishead\0'), page('\x01vorbis', 0)]))).toBeUndefined();
  });

  it('foreignContainer leaves WAV, raw samples, FORMs of other kinds and nothing alone', () => {
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
    for (const head of heads) expect(foreignContainer(Buffer.from(head, 'latin1')), head).toBeUndefined();
    expect(foreignContainer(readFileSync(join(WAVS, 'speech-8k-mono-s16.wav')))).toBeUndefined();
  });

  it('foreignContainer says the same of a file and of its bytes', () => {
    const names = readdirSync(WAVS).filter((name) => name.startsWith('reject-not-wav'));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      const path = join(WAVS, name);
      expect(foreignContainer(path), name).toEqual(foreignContainer(readFileSync(path)));
      expect(foreignContainer(path), name).toBeDefined();
    }
  });

  it('foreignContainer never throws on bytes', () => {
    const magic = fc
      .constantFrom('OggS', 'FORM', '\xff\xfb', '\0\0\0\0ftyp', '')
      .map((text) => Buffer.from(text, 'latin1'));
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 1100 }), (begin, rest) => {
        const head = Buffer.concat([begin, rest]);
        const found = foreignContainer(head);
        expect(found === undefined || found.title.length > 0).toBe(true);
        expect([16, 1024]).toContain(containerHeadBytes(head));
      }),
    );
  });

  it('foreignContainer refuses what is neither a path nor bytes', () => {
    for (const value of [undefined, null, 5, {}, []])
      expect(() => foreignContainer(value as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
      );
    expect(() => foreignContainer('/no/such/file')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(() => foreignContainer(root)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });

  it.skipIf(onWindows('named pipes'))('foreignContainer does not wait at a named pipe', () => {
    const pipe = join(folderWith(), 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    expect(() => foreignContainer(pipe)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });

  it('foreignContainer takes an empty file for none', () => {
    const path = join(folderWith(), 'empty.mp3');
    writeFileSync(path, '');
    expect(foreignContainer(path)).toBeUndefined();
  });
});
