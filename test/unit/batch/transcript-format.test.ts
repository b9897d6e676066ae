import { describe, expect, it } from 'vitest';
import { formatTranscript } from '../../../src/batch/index.js';
import { transcriptOf } from './fakes.js';

const WORDS = [
  { text: 'Hello', startS: 0.48, stopS: 0.8, streamId: 0 },
  { text: 'Tom', startS: 0.9, stopS: 1.1 },
  { text: '&', startS: 1.1, stopS: 1.2 },
  { text: '<Ann>.', startS: 1.2, stopS: 1.6 },
  { text: 'Is', startS: 1.7, stopS: 1.8 },
  { text: 'anybody', startS: 1.8, stopS: 2.2 },
  { text: 'there?', startS: 3661.0, stopS: 3661.5 },
];

describe('formatTranscript', () => {
  it('formatTranscript txt is the text and a line feed', () => {
    expect(formatTranscript(transcriptOf(WORDS), 'txt')).toBe('Hello Tom & <Ann>. Is anybody there?\n');
    expect(formatTranscript(transcriptOf([]), 'txt')).toBe('\n');
  });

  it('formatTranscript srt matches the golden text', () => {
    expect(formatTranscript(transcriptOf(WORDS), 'srt')).toBe(
      [
        '1',
        '00:00:00,480 --> 00:00:01,600',
        'Hello Tom & <Ann>.',
        '',
        '2',
        '00:00:01,700 --> 00:00:02,700',
        'Is anybody',
        '',
        '3',
        '01:01:01,000 --> 01:01:02,000',
        'there?',
        '',
      ].join('\n'),
    );
  });

  it('formatTranscript vtt matches the golden text, escaped', () => {
    expect(formatTranscript(transcriptOf(WORDS), 'vtt')).toBe(
      [
        'WEBVTT',
        '',
        '00:00:00.480 --> 00:00:01.600',
        'Hello Tom &amp; &lt;Ann&gt;.',
        '',
        '00:00:01.700 --> 00:00:02.700',
        'Is anybody',
        '',
        '01:01:01.000 --> 01:01:02.000',
        'there?',
        '',
      ].join('\n'),
    );
  });

  it('formatTranscript gives valid files for a transcript without words', () => {
    expect(formatTranscript(transcriptOf([]), 'srt')).toBe('');
    expect(formatTranscript(transcriptOf([]), 'vtt')).toBe('WEBVTT\n');
  });

  it('formatTranscript vtt cannot be broken out of by a word', () => {
    const text = formatTranscript(
      transcriptOf([{ text: 'a\n\n00:00.000 --> 00:01.000\rb\u0000c', startS: 0, stopS: 1 }]),
      'vtt',
    );
    expect(text.match(/-->/g)).toHaveLength(1);
    expect(text).toContain('a 00:00.000 --&gt; 00:01.000 b c');
  });

  it('formatTranscript json is the transcript, whatever the order of its keys was', () => {
    const transcript = transcriptOf(WORDS, { warnings: ['truncated'] });
    const shuffled = Object.fromEntries(Object.entries(transcript).reverse()) as unknown as typeof transcript;
    const text = formatTranscript(shuffled, 'json');
    expect(JSON.parse(text)).toEqual(transcript);
    expect(text).toBe(formatTranscript(transcript, 'json'));
    expect(text.startsWith('{\n  "text": "Hello Tom')).toBe(true);
    expect(text.endsWith('\n}\n')).toBe(true);
    expect(Object.keys(JSON.parse(text))).toEqual([
      'text',
      'words',
      'language',
      'model',
      'requestId',
      'sessions',
      'durationS',
      'delayInFrames',
      'timestampShiftS',
      'wire',
      'source',
      'warnings',
    ]);
  });

  it('formatTranscript refuses a format it does not know', () => {
    expect(() => formatTranscript(transcriptOf([]), 'docx' as never)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_ARG' }),
    );
  });
});
