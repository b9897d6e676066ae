export { WordLocator, type WordRange } from './align.js';
export { type ChunkerOptions, chunkText, TextChunker } from './chunker.js';
export { type SplitOptions, splitText, type TextPart } from './sentences.js';
