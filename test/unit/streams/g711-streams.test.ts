import {
  AlawDecoder,
  AlawEncoder,
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
  MulawDecoder,
  MulawEncoder,
} from '../../../src/index.js';
import { streamContract } from './contract.js';
import { bytesOf, noise } from './sound.js';

const samples = noise(150_000);
const codes = encodeMulaw(samples);
const alawCodes = encodeAlaw(samples);

streamContract('MulawEncoder', {
  make: (options) => new MulawEncoder(options),
  input: bytesOf(samples),
  expected: codes,
});
streamContract('MulawDecoder', {
  make: (options) => new MulawDecoder(options),
  input: Buffer.concat([codes, codes]),
  expected: bytesOf(decodeMulaw(Buffer.concat([codes, codes]))),
});
streamContract('AlawEncoder', {
  make: (options) => new AlawEncoder(options),
  input: bytesOf(samples),
  expected: alawCodes,
});
streamContract('AlawDecoder', {
  make: (options) => new AlawDecoder(options),
  input: Buffer.concat([alawCodes, alawCodes]),
  expected: bytesOf(decodeAlaw(Buffer.concat([alawCodes, alawCodes]))),
});
