/**
 * Names of voices in place of their ids.
 * Not here: the voices (voice-catalogue.ts); what of them is sent (src/gradium).
 */
import { argumentRangeError } from '../errors.js';
import { checkNotBlank, excerpt } from './arguments.js';
import { normalForm } from './normal-form.js';
import { type CatalogueVoice, folded, voiceCatalogue } from './voice-catalogue.js';

/** What the service's ids look like, all of the catalogue's among them; and what its candidates for voices begin with. */
const ID = /^(?:(?=.+[A-Z0-9])[\w-]{16}|vox_emb_.+)$/;

/** What {@link resolveVoice} makes of a name. */
export type ResolvedVoice =
  | {
      /** What `voiceId` takes. */
      id: string;
    }
  | {
      /** As it was given. */
      name: string;
    };

const byName = new Map<string, CatalogueVoice[]>();
for (const voice of voiceCatalogue.voices) {
  const key = nameKey(voice.name);
  byName.set(key, [...(byName.get(key) ?? []), voice]);
}

/**
 * What to send for a voice that somebody named. The id of a voice, and the name of one of {@link voiceCatalogue} alone, give
 * an id; a name that several share is narrowed by the language; one that the catalogue does not know is given back as it is,
 * since it may be the name of one's own voice. Neither upper and lower case matter in a name nor white space around it, but
 * accents do: Maria and María are two voices. Taken for an id is what has 16 letters, digits, `-` and `_`, with a digit or a
 * capital behind the first, or begins with `vox_emb_`.
 *
 * @param language What is to be spoken, such as `fr` or `fr-CA`, of which the part before the dash counts. Default: any.
 * @throws TypeError, RangeError `ERR_INVALID_ARG`: several voices have that name, and the message lists them; an empty name
 * @example
 * resolveVoice('Emma'); // { id: 'YTpq7expH9539ERJ' }
 * resolveVoice('Thomas', 'fr'); // { id: '8nsAoui8Y5RK9PYw' }: an English voice is called so, too
 * resolveVoice('Grandmother'); // { name: 'Grandmother' }
 */
export function resolveVoice(name: string, language?: string): ResolvedVoice {
  checkNotBlank('name', name);
  if (language !== undefined) checkNotBlank('language', language);
  const wanted = name.trim();
  const namesakes = byName.get(nameKey(wanted)) ?? [];
  if (namesakes.length === 0) return ID.test(wanted) ? { id: wanted } : { name };
  const fitting = namesakes.filter((voice) => namesakes.length === 1 || speaks(voice, language));
  const [voice] = fitting;
  if (voice !== undefined && fitting.length === 1) return { id: voice.id };
  throw ambiguous(wanted, namesakes, fitting, language);
}

function speaks(voice: CatalogueVoice, language: string | undefined): boolean {
  return language === undefined || folded(language).split('-')[0] === voice.language;
}

/** All are listed, in full: no name has more than four voices. */
function ambiguous(
  name: string,
  namesakes: CatalogueVoice[],
  fitting: CatalogueVoice[],
  language: string | undefined,
): RangeError {
  const none = fitting.length === 0;
  const candidates = none ? namesakes : fitting;
  const spoken = language && excerpt(language.trim());
  const where = spoken === undefined || none ? '' : ` that speak ${spoken}`;
  const list = candidates.map((voice) => `${voice.name} ${voice.id} (${facts(voice)})`);
  return argumentRangeError(
    `${name} is the name of ${candidates.length} voices${where}${none ? `, none of which speaks ${spoken}` : ''}; ` +
      `name one by its id: ${list.join(', ')}`,
  );
}

function facts({ language, country, description }: CatalogueVoice): string {
  return `${language}-${country}: ${description.replace(/\.$/, '')}`;
}

/** Without case; accents stay. */
function nameKey(name: string): string {
  return normalForm(name.trim(), 'NFC').toLowerCase();
}
