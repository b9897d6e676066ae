// Who takes what: the kinds of value (boundary-values.mjs) that each export of the addon and of src/audio wants. An
// export, a method or an accessor that is not here is attacked with values of no kind, and boundary.mjs names it as long
// as none of its calls has succeeded.

const CALLBACKS = ['callback', 'callback'];
const WHOLE_FILE = { signal: 'signal' };
const OPUS_ENCODER = [
  'opusRate',
  'channels',
  'frameUs',
  'application',
  'bitrate',
  'bitrateMode',
  'percent',
  'opusSignal',
  'bool',
  'bool',
  'percent',
];
const OGG_OPUS_ENCODER = ['rate', ...OPUS_ENCODER.slice(1), 'json', 'tags', 'count', 'count'];

export const addonFunctions = {
  setErrorClasses: ['errorClass', 'errorClass'],
  convertSamples: ['bytes', 'encoding', 'channels', 'encoding', 'channels', ...CALLBACKS],
  convertSamplesInto: ['bytes', 'encoding', 'channels', 'encoding', 'channels', 'roomBytes'],
  stepLevels: ['int16', 'block'],
  decodeMulaw: ['bytes'],
  encodeMulaw: ['int16'],
  decodeAlaw: ['bytes'],
  encodeAlaw: ['int16'],
  decodeMulawInto: ['bytes', 'roomInt16'],
  encodeMulawInto: ['int16', 'roomBytes'],
  decodeAlawInto: ['bytes', 'roomInt16'],
  encodeAlawInto: ['int16', 'roomBytes'],
  readWav: ['wav', 'bool', ...CALLBACKS],
  probeWav: ['wav'],
  writeWav: ['samples', 'wavEncoding', 'rate', 'channels', ...CALLBACKS],
  readOggOpus: ['oggOpus', 'bool', 'channels', 'count', 'count?', ...CALLBACKS],
  writeOggOpus: ['samples', ...OGG_OPUS_ENCODER, ...CALLBACKS],
  resample: ['samples', 'rate', 'rate', 'channels', 'quality', ...CALLBACKS],
  writeTextFrame: ['bytes', 'count', 'roomBytes', 'count'],
};

export const addonClasses = {
  WavReader: { new: ['count?'], process: ['wav'], skip: ['count'] },
  WavDecoder: {
    new: ['bool', 'count?'],
    processInto: ['wav', 'roomSamples'],
    maxOutputSamples: ['count'],
  },
  WavWriter: {
    new: ['wavEncoding', 'rate', 'channels', 'bool'],
    processInto: ['samples', 'roomBytes'],
    flushInto: ['roomBytes'],
    countInto: ['count', 'roomBytes'],
    headerInto: ['roomBytes'],
    maxOutputBytes: ['count'],
  },
  OggPageReader: { process: ['oggOpus'] },
  OggOpusReader: { process: ['oggOpus'], count: ['oggOpus'] },
  OggOpusDecoder: {
    new: ['bool', 'channels', 'count', 'count?', 'rate'],
    process: ['oggOpus'],
    push: ['oggOpus'],
    readInto: ['roomSamples'],
  },
  OggOpusWriter: {
    new: ['channels', 'count', 'rate', 'count', 'json', 'json', 'count', 'count'],
    writeInto: ['opusPacket', 'roomBytes'],
    finishInto: ['count?', 'roomBytes'],
    maxOutputBytes: ['count'],
  },
  OggOpusEncoder: {
    new: [...OGG_OPUS_ENCODER, 'bool'],
    processInto: ['samples', 'roomBytes'],
    flushInto: ['roomBytes'],
    maxOutputBytes: ['count'],
  },
  Resampler: {
    new: ['rate', 'rate', 'channels', 'quality', 'bool'],
    processInto: ['samples', 'roomSamples'],
    flushInto: ['roomSamples'],
    maxOutputFrames: ['count'],
  },
  Transcoder: {
    new: [
      'transcoderSource',
      'encoding',
      'rate',
      'channels',
      'encoding',
      'rate',
      'channels',
      'quality',
      'count?',
    ],
    processInto: ['wav', 'roomBytes'],
    flushInto: ['roomBytes'],
    maxOutputBytes: ['count'],
  },
  AudioFramer: {
    new: ['source', 'encoding', 'rate', 'channels', 'wireEncoding', 'rate', 'steps', 'json', 'count?'],
    processInto: ['wav', 'roomBytes'],
    flushInto: ['roomBytes'],
    maxOutputBytes: ['count'],
  },
  OpusEncoder: {
    new: OPUS_ENCODER,
    encodeInto: ['opusFrame', 'roomBytes'],
    encodeFramesInto: ['opusFrame', 'roomBytes', 'roomSizes'],
    encodeFrames: ['opusFrame', ...CALLBACKS],
  },
  OpusDecoder: {
    new: ['opusRate', 'one', 'zero', 'mapping', 'count'],
    decodeInto: ['opusPacket', 'roomSamples'],
    decodePacketsInto: ['opusPacket', 'packetSizes', 'roomSamples'],
    decodePackets: ['opusPacket', 'packetSizes', 'bool', ...CALLBACKS],
    concealInto: ['lostFrames', 'roomSamples'],
    decodeFecInto: ['opusPacket', 'lostFrames', 'roomSamples'],
    packetFrames: ['opusPacket'],
  },
};

const CONVERT = { from: 'encoding', to: 'encoding', channels: 'channels', toChannels: 'channels' };
const RESAMPLE = { fromHz: 'rate', toHz: 'rate', channels: 'channels', quality: 'quality' };
const WRITE = { sampleRateHz: 'rate', channels: 'channels', encoding: 'wavEncoding' };
const OGG_OPUS_PART = { sample: 'sample', channels: 'channels', startS: 'zero', endS: 'percent' };
const OGG_OPUS = {
  channels: 'channels',
  preSkip: 'count',
  inputSampleRateHz: 'rate',
  gainDb: 'steps',
  tags: { TITLE: 'text' },
  serial: 'count?',
  pageMs: 'steps',
};
const OPUS = {
  sampleRateHz: 'opusRate',
  channels: 'channels',
  frameMs: 'frameMs',
  application: 'application',
  bitrate: 'bitrate',
  bitrateMode: 'bitrateMode',
  signal: 'opusSignal',
  fec: 'bool',
  dtx: 'bool',
  packetLossPercent: 'percent',
};
const { signal: content, ...OPUS_OPTIONS } = OPUS;
const { tags, serial, pageMs } = OGG_OPUS;
const WRITE_OGG_OPUS = { ...OPUS_OPTIONS, sampleRateHz: 'rate', content, tags, serial, pageMs };
const RAW = { encoding: 'encoding', sampleRateHz: 'rate', channels: 'channels' };

export const audioFunctions = {
  convertSamples: ['bytes', CONVERT],
  convertSamplesInto: ['bytes', 'roomBytes', CONVERT],
  convertSamplesAsync: ['bytes', { ...CONVERT, ...WHOLE_FILE }],
  stepLevels: ['int16', 'block'],
  decodeMulaw: ['bytes'],
  encodeMulaw: ['int16'],
  decodeAlaw: ['bytes'],
  encodeAlaw: ['int16'],
  decodeMulawInto: ['bytes', 'roomInt16'],
  encodeMulawInto: ['int16', 'roomBytes'],
  decodeAlawInto: ['bytes', 'roomInt16'],
  encodeAlawInto: ['int16', 'roomBytes'],
  readWav: ['wav', { sample: 'sample' }],
  readWavAsync: ['wav', { sample: 'sample', ...WHOLE_FILE }],
  writeWav: ['samples', WRITE],
  writeWavAsync: ['samples', { ...WRITE, ...WHOLE_FILE }],
  readOggOpus: ['oggOpus', OGG_OPUS_PART],
  readOggOpusAsync: ['oggOpus', { ...OGG_OPUS_PART, ...WHOLE_FILE }],
  writeOggOpus: ['samples', WRITE_OGG_OPUS],
  writeOggOpusAsync: ['samples', { ...WRITE_OGG_OPUS, ...WHOLE_FILE }],
  probeAudio: [['wav', 'oggOpus', 'path']],
  audioContainer: [['wav', 'oggOpus', 'path']],
  containerHeadBytes: ['wav'],
  planWire: [{ encoding: 'encoding', sampleRateHz: 'rate', channels: 'channels' }],
  resample: ['samples', RESAMPLE],
  resampleAsync: ['samples', { ...RESAMPLE, ...WHOLE_FILE }],
  wireAudio: ['wire', 'direction'],
  isWireFormat: ['wire'],
  simdInfo: [],
};

export const audioClasses = {
  FormatError: { new: ['text', 'text', 'count'] },
  UnsupportedError: { new: ['text', 'text', 'count'] },
  Resampler: {
    new: [{ ...RESAMPLE, sample: 'sample' }],
    process: ['samples'],
    processInto: ['samples', 'roomSamples'],
    maxOutputFrames: ['count'],
    flushInto: ['roomSamples'],
  },
  WavReader: {
    new: [{ sample: 'sample', fileBytes: 'count?' }],
    process: ['wav'],
    processInto: ['wav', 'roomSamples'],
    maxOutputSamples: ['count'],
  },
  WavWriter: {
    new: [{ ...WRITE, rf64: 'bool' }],
    process: ['samples'],
    processInto: ['samples', 'roomBytes'],
    count: ['count'],
    maxOutputBytes: ['count'],
    flushInto: ['roomBytes'],
  },
  OggPageReader: { process: ['oggOpus'] },
  OggOpusReader: { process: ['oggOpus'] },
  OggOpusDecoder: {
    new: [{ ...OGG_OPUS_PART, sampleRateHz: 'rate' }],
    process: ['oggOpus'],
    push: ['oggOpus'],
    readInto: ['roomSamples'],
  },
  OggOpusWriter: {
    new: [OGG_OPUS],
    write: ['opusPacket'],
    writeInto: ['opusPacket', 'roomBytes'],
    finish: [{ samples: 'count?' }],
    maxOutputBytes: ['count'],
  },
  OggOpusEncoder: {
    new: [{ ...WRITE_OGG_OPUS, sample: 'sample' }],
    process: ['samples'],
    processInto: ['samples', 'roomBytes'],
    maxOutputBytes: ['count'],
    flushInto: ['roomBytes'],
  },
  Transcoder: {
    new: [{ from: RAW, to: RAW, channels: 'channelPolicy', quality: 'quality', sourceBytes: 'count?' }],
    processInto: ['bytes', 'roomBytes'],
    maxOutputBytes: ['count'],
    flushInto: ['roomBytes'],
  },
  AudioFramer: {
    new: [{ from: RAW, to: 'wire', stepsPerMessage: 'steps', clientReqId: 'text', sourceBytes: 'count?' }],
    processInto: ['bytes', 'roomBytes'],
    maxOutputBytes: ['count'],
    flushInto: ['roomBytes'],
  },
  OpusEncoder: {
    new: [OPUS],
    encode: ['opusFrame'],
    encodeInto: ['opusFrame', 'roomBytes'],
    encodeFramesInto: ['opusFrame', 'roomBytes', 'roomSizes'],
    encodeFramesAsync: ['opusFrame', WHOLE_FILE],
  },
  OpusDecoder: {
    new: [{ sampleRateHz: 'opusRate', channels: 'channels', gainDb: 'percent', sample: 'sample' }],
    decode: ['opusPacket'],
    decodeInto: ['opusPacket', 'roomSamples'],
    decodePacketsInto: ['opusPacket', 'packetSizes', 'roomSamples'],
    decodePacketsAsync: ['opusPacket', 'packetSizes', WHOLE_FILE],
    conceal: ['lostFrames'],
    concealInto: ['lostFrames', 'roomSamples'],
    decodeFec: ['opusPacket', 'lostFrames'],
    decodeFecInto: ['opusPacket', 'lostFrames', 'roomSamples'],
    packetFrames: ['opusPacket'],
  },
};
