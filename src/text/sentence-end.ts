/**
 * Which marks end a sentence, and which full stops do not.
 * Not here: what else keeps text together (atoms.ts).
 */

export const TERMINATOR = /^[.!?…。！？]$/u;
/** May stand between the end of a sentence and the white space. Opening quotes too: German closes »so« and „so“. */
export const CLOSER = /^["'\p{Pe}\p{Pf}\p{Pi}]$/u;

/** No word that ends in an abbreviation's full stop is worth looking at beyond this. */
export const MAX_ABBREVIATION_CHARS = 24;

/**
 * Words that mostly stand before the next word of their sentence. The two mistakes do not cost the same: an end that
 * is missed makes a longer chunk, one that is imagined a break in the speech. So those that can end a sentence too
 * (etc., usw.) are listed, but none that is also an everyday last word (no., mar., sun.).
 */
const ABBREVIATIONS = new Set(
  [
    'mr mrs ms dr prof rev hon gen col capt lt sgt gov sen rep st mt jr sr inc ltd co corp dept vs etc al approx',
    'jan feb apr aug sep sept oct nov dec vol fig ed pp cf tel ext', // en
    'mm mme mmes mlle mlles me pr ste av bd env ex tél chap éd janv févr juil', // fr
    'hr fr nr str bzw usw ggf evtl inkl zzgl vgl ca sog geb gest dipl ing mio mrd jh abs bd kap hl hrsg', // de
    'sra srta sres dra ud uds vd vds profa pág págs núm avda ej aprox cap ee uu', // es
    'srs sras drs exmo exma ilmo eng arq séc ltda', // pt
  ].flatMap((line) => line.split(' ')),
);
/** J. Smith, z. B., M. Dupont; e.g., U.S.A., EE.UU., Ph.D. */
const INITIALS = /^(?:\p{L}|\p{L}{1,3}(?:\.\p{L}{1,3})+)$/u;
/** Am 1. Januar, 2. Milk, Ludwig XIV. von Frankreich; a year is rather the end of a sentence. */
const ORDINAL = /^(?:\d{1,2}|[IVX]{1,5})$/u;
const LAST_WORD = /([\p{L}\p{N}.]+)\.["'\p{Pe}\p{Pf}\p{Pi}]*$/u;

/** @param text Ends in a full stop and what closes after it; at most MAX_ABBREVIATION_CHARS long. */
export function isAbbreviation(text: string): boolean {
  const word = LAST_WORD.exec(text.normalize('NFC'))?.[1];
  if (word === undefined) return false;
  return INITIALS.test(word) || ORDINAL.test(word) || ABBREVIATIONS.has(word.toLowerCase());
}
