/**
 * The TTS `setup` message from the caller's options, checked.
 * Not here: sending it.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { isWireFormat, WIRE_FORMATS, type WireFormat } from '../format.js';
import { resolveVoice } from '../text/index.js';
import type { ClientMessage } from './session.js';
import { checkExtra, checkNumber, checkSignal, checkText, defined, requireOptions } from './stt-setup.js';
import type { SynthesizeOptions, TtsOptions } from './types.js';

export interface TtsSetup extends ClientMessage {
  type: 'setup';
  model_name: string;
  output_format: WireFormat;
  voice_id?: string;
  voice?: string;
  pronunciation_id?: string;
  only_audio?: boolean;
  json_config?: Record<string, unknown>;
  retry_for_s?: number;
}

/** The service's own pace. */
export const CHARS_PER_S = 12.5;
/** Of the time that a session may have, so much speech at the usual pace: not every text is spoken at that. 240 s of 300. */
const USED = 0.8;
const MAX_SESSION_CHARS = 100_000;
const RETRIES = 4;

export interface CheckedTtsOptions {
  setup: TtsSetup;
  /** What the caller gets; the service may have been asked for something else. */
  outputFormat: WireFormat;
  maxCharsPerSession: number;
  /** How long one session is given text; infinite where there is no limit. */
  sessionS: number;
  retries: number;
}

/**
 * @param limitS After so many seconds the service ends a session; infinite: never.
 * @throws TypeError, RangeError ERR_INVALID_ARG
 */
export function checkTtsOptions(
  options: TtsOptions,
  defaultFormat: WireFormat,
  limitS: number,
): CheckedTtsOptions {
  requireOptions(options);
  const { outputFormat = defaultFormat } = options;
  if (!isWireFormat(outputFormat)) {
    throw argumentRangeError(`outputFormat must be one of ${WIRE_FORMATS.join(', ')}`);
  }
  checkSignal(options.signal);
  const { maxCharsPerSession } = options;
  const sessionS = USED * limitS;
  return {
    setup: ttsSetup(options, outputFormat),
    outputFormat,
    maxCharsPerSession:
      checkNumber('maxCharsPerSession', maxCharsPerSession, 1, MAX_SESSION_CHARS, true) ??
      Math.min(MAX_SESSION_CHARS, Math.floor(sessionS * CHARS_PER_S)),
    sessionS,
    retries: checkNumber('retries', options.retries, 0, 1000, true) ?? RETRIES,
  };
}

/** `setup` of a request by POST that asks for nothing but audio. @throws TypeError, RangeError ERR_INVALID_ARG */
export function onlyAudio(setup: TtsSetup, { onlyAudio = false, transport }: SynthesizeOptions): TtsSetup {
  if (typeof onlyAudio !== 'boolean') {
    throw argumentTypeError(`onlyAudio must be true or false, got ${typeof onlyAudio}`);
  }
  if (!onlyAudio) return setup;
  if (transport !== 'post') throw argumentRangeError("onlyAudio needs transport: 'post'");
  return { ...setup, only_audio: true };
}

/** `setup` for sessions whose audio is to be joined: Ogg Opus cannot be, so it is made here of samples. */
export function joinable(setup: TtsSetup): TtsSetup {
  return setup.output_format === 'opus' ? { ...setup, output_format: 'pcm_48000' } : setup;
}

function ttsSetup(options: TtsOptions, outputFormat: WireFormat): TtsSetup {
  const config = {
    ...checkExtra(options.extra),
    ...defined({
      temp: checkNumber('temp', options.temp, 0, 1.4),
      cfg_coef: checkNumber('cfgCoef', options.cfgCoef, 1, 4),
      padding_bonus: checkNumber('paddingBonus', options.paddingBonus, -4, 4),
      rewrite_rules: checkText('rewriteRules', options.rewriteRules),
    }),
  };
  return {
    type: 'setup',
    model_name: checkText('model', options.model) ?? 'default',
    output_format: outputFormat,
    ...defined({
      ...voiceFields(options),
      pronunciation_id: checkText('pronunciationId', options.pronunciationId),
      json_config: Object.keys(config).length > 0 ? config : undefined,
      retry_for_s: checkNumber('retryForS', options.retryForS, 0, 86_400),
    }),
  };
}

/** A name becomes the id it stands for. Beside an id it goes as it is: the service has the last word there. */
function voiceFields(options: TtsOptions): Pick<TtsSetup, 'voice_id' | 'voice'> {
  const voiceId = checkText('voiceId', options.voiceId);
  const voice = checkText('voice', options.voice);
  const language = checkText('language', options.language) ?? languageOf(options.rewriteRules);
  if (voice === undefined || voiceId !== undefined) return defined({ voice_id: voiceId, voice });
  const resolved = resolveVoice(voice, language);
  return 'id' in resolved ? { voice_id: resolved.id } : { voice: resolved.name };
}

/** `fr` and `fr-be` say what is spoken, a list of rules does not. */
function languageOf(rewriteRules: string | undefined): string | undefined {
  return rewriteRules !== undefined && /^[a-z]{2}(?:-[a-z]{2})?$/.test(rewriteRules)
    ? rewriteRules
    : undefined;
}
