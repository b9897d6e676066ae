/**
 * Text cut into messages for TTS.
 * Not here: sending them.
 */

/** Long enough to be few, short enough that the service can begin on the first. */
const MESSAGE_CHARS = 300;

/** A tag such as `<break time="1.5s" />` holds spaces and must stay whole. */
const TOKEN = /(?:<[^<>]*>|[^\s<]|<)+/g;
/** Marks that stand alone belong to what precedes them: a message must not begin with one. */
const MARK_ONLY = /^[^\p{L}\p{N}\p{S}<]+$/u;

/**
 * Cuts at white space alone, never inside a word or a tag or before a mark; the service puts one space between
 * messages. A word longer than a message is a message by itself.
 */
export function textMessages(text: string, maxChars = MESSAGE_CHARS): string[] {
  const messages: string[] = [];
  let start = -1;
  let end = -1;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const fits = index + token.length - start <= maxChars;
    if (start >= 0 && !fits && !MARK_ONLY.test(token)) {
      messages.push(text.slice(start, end));
      start = -1;
    }
    if (start < 0) start = index;
    end = index + token.length;
  }
  if (start >= 0) messages.push(text.slice(start, end));
  return messages;
}
