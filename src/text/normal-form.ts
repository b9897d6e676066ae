/**
 * Accents composed or not, in time that grows with the length alone.
 * Not here: accents folded away (voice-catalogue.ts).
 */

/** UAX #15 §13 (Stream-Safe Text Format): no writing has more. Marks are sorted, which takes the square of their number. */
const TOO_MANY_MARKS = /\p{M}{31}/u;

/** Text with more than 30 marks on one letter is left as it is: 10^6 of them took V8 seven minutes. */
export function normalForm(text: string, form: 'NFC' | 'NFD'): string {
  return TOO_MANY_MARKS.test(text) ? text : text.normalize(form);
}
