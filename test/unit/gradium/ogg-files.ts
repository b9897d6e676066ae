/** Ogg Opus files for the client's tests, and their pages, found without the code under test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../audio/helpers.js';

export const oggPath = (name: string): string => join(root, 'test/fixtures/audio/ogg', name);
export const oggFile = (name: string): Buffer => readFileSync(oggPath(name));

/** Of a file that holds nothing but whole pages (RFC 3533, 6). */
export function pagesOf(file: Uint8Array): Buffer[] {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const pages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.toString('latin1', at, at + 4) !== 'OggS') throw new Error(`no page at byte ${at}`);
    const segments = bytes[at + 26] as number;
    const lacing = bytes.subarray(at + 27, at + 27 + segments);
    const end = lacing.reduce((sum, length) => sum + length, at + 27 + segments);
    pages.push(bytes.subarray(at, end));
    at = end;
  }
  return pages;
}

/** Where the last packet that ends on a page ends, at 48 kHz, pre-skip included. */
export const granuleOf = (page: Buffer): number => Number(page.readBigInt64LE(6));

/** The page with another serial number, and the checksum that it then has (RFC 3533, 6: polynomial 0x04c11db7). */
export function withSerial(page: Buffer, serial: number): Buffer {
  const changed = Buffer.from(page);
  changed.writeUInt32LE(serial, 14);
  changed.writeUInt32LE(0, 22);
  let crc = 0;
  for (const byte of changed) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  changed.writeUInt32LE(crc >>> 0, 22);
  return changed;
}
