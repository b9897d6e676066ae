export { WordLocator, type WordRange } from './align.js';
export { type ChunkerOptions, chunkText, TextChunker } from './chunker.js';
export { splitText, type TextPart } from './sentences.js';
