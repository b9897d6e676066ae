export { type ChunkerOptions, chunkText, TextChunker } from './chunker.js';
export { applyPronunciations, type PronunciationsToApply } from './pronunciations.js';
export { rewriteText } from './rewrite.js';
export { REWRITE_ALIASES, REWRITE_RULES, type RewriteAlias, type RewriteRule } from './rewrite-rules.js';
export { type SplitOptions, splitText, type TextPart } from './sentences.js';
export {
  type CatalogueVoice,
  type VoiceCatalogue,
  type VoiceQuery,
  voiceCatalogue,
} from './voice-catalogue.js';
export { type ResolvedVoice, resolveVoice } from './voice-names.js';
