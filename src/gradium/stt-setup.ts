/**
 * The STT `setup` message from the caller's options, checked.
 * Not here: sending it.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { isWireFormat, WIRE_FORMATS, type WireFormat } from '../format.js';
import type { ClientMessage } from './session.js';
import type { SttOptions } from './types.js';

export interface SttSetup extends ClientMessage {
  type: 'setup';
  model_name: string;
  input_format: WireFormat;
  json_config: Record<string, unknown>;
  retry_for_s?: number;
}

/** What the session needs to know of the options, defaults filled in. */
export interface CheckedSttOptions {
  language: string;
  model: string;
  delayInFrames: number;
  temp: number | undefined;
  paddingBonus: number | undefined;
  keywords: { words: readonly string[]; boost?: number } | undefined;
  targetLanguage: string | undefined;
  retryForS: number | undefined;
  extra: Record<string, unknown>;
  wire: 'auto' | WireFormat;
  stepsPerMessage: number;
  timestamps: 'source' | 'decoder';
}

const MAX_STEPS_PER_MESSAGE = 125;
const MAX_KEYWORDS = 500;
/** By analogy with speech to speech, which documents it (wire reference, section 2.2). */
const TRANSLATING_MODEL = 'stt-translate';

/** @throws TypeError, RangeError ERR_INVALID_ARG */
export function checkSttOptions(options: SttOptions, defaultSteps: number): CheckedSttOptions {
  requireOptions(options);
  const { wire = 'auto', timestamps = 'source' } = options;
  if (wire !== 'auto' && !isWireFormat(wire)) {
    throw argumentRangeError(`wire must be auto or one of ${WIRE_FORMATS.join(', ')}`);
  }
  if (timestamps !== 'source' && timestamps !== 'decoder') {
    throw argumentRangeError("timestamps must be 'source' or 'decoder'");
  }
  checkSignal(options.signal);
  const steps = checkNumber('stepsPerMessage', options.stepsPerMessage, 1, MAX_STEPS_PER_MESSAGE, true);
  const targetLanguage = checkText('targetLanguage', options.targetLanguage);
  return {
    language: checkText('language', options.language) ?? 'any',
    model:
      checkText('model', options.model) ?? (targetLanguage === undefined ? 'default' : TRANSLATING_MODEL),
    delayInFrames: checkNumber('delayInFrames', options.delayInFrames, 0, 80, true) ?? 10,
    temp: checkNumber('temp', options.temp, 0, 1.5),
    paddingBonus: checkNumber('paddingBonus', options.paddingBonus, -4, 4),
    keywords: checkKeywords(options.keywords),
    targetLanguage,
    retryForS: checkNumber('retryForS', options.retryForS, 0, 86_400),
    extra: checkExtra(options.extra),
    wire,
    stepsPerMessage: steps ?? defaultSteps,
    timestamps,
  };
}

/** `language` and `delay_in_frames` are always sent: their defaults on the service's side are not agreed upon. */
export function sttSetup(options: CheckedSttOptions, wire: WireFormat): SttSetup {
  return {
    type: 'setup',
    model_name: options.model,
    input_format: wire,
    json_config: {
      ...options.extra,
      language: options.language,
      delay_in_frames: options.delayInFrames,
      ...defined({
        temp: options.temp,
        padding_bonus: options.paddingBonus,
        keywords: options.keywords,
        target_language: options.targetLanguage,
      }),
    },
    ...defined({ retry_for_s: options.retryForS }),
  };
}

function checkKeywords(value: unknown): CheckedSttOptions['keywords'] {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) throw argumentTypeError('keywords must be an object');
  const { words, boost } = value as Record<string, unknown>;
  if (!Array.isArray(words) || words.some((word) => typeof word !== 'string')) {
    throw argumentTypeError('keywords.words must be an array of strings');
  }
  if (words.length > MAX_KEYWORDS) {
    throw argumentRangeError(`keywords.words may hold up to ${MAX_KEYWORDS}, got ${words.length}`);
  }
  const phrase = words.find((word) => word === '' || /\s/u.test(word));
  if (phrase !== undefined) {
    throw argumentRangeError(`keywords.words holds ${JSON.stringify(phrase)}: each must be a single word`);
  }
  const checked = checkNumber('keywords.boost', boost, -6, 6);
  return { words: [...words], ...(checked !== undefined && { boost: checked }) };
}

/** Without the keys whose value is undefined. */
export function defined<T extends object>(object: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

export function checkNumber(
  name: string,
  value: unknown,
  min: number,
  max: number,
  integer = false,
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw argumentTypeError(`${name} must be a number, got ${typeof value}`);
  if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
    throw argumentRangeError(
      `${name} must be ${integer ? 'an integer ' : ''}from ${min} to ${max}, got ${value}`,
    );
  }
  return value;
}

export function checkText(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw argumentTypeError(`${name} must be a string, got ${typeof value}`);
  if (value === '') throw argumentRangeError(`${name} must not be empty`);
  return value;
}

/** @throws TypeError ERR_INVALID_ARG for null and what else is no object */
export function requireOptions(value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  throw argumentTypeError('the options must be an object');
}

export function checkSignal(value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw argumentTypeError('signal must be an AbortSignal');
}

export function checkExtra(value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw argumentTypeError('extra must be an object');
  }
  return value as Record<string, unknown>;
}
