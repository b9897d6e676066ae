/**
 * The S2S `setup` message from the caller's options, checked.
 * Not here: sending it.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { isWireFormat, WIRE_FORMATS, type WireFormat } from '../format.js';
import { resolveVoice } from '../text/index.js';
import type { ClientMessage } from './session.js';
import { checkExtra, checkNumber, checkSignal, checkText, defined, requireOptions } from './stt-setup.js';
import type { S2sOptions } from './types.js';

export interface S2sSetup extends ClientMessage {
  type: 'setup';
  model_name: string;
  stt_model_name: string;
  tts_model_name: string;
  input_format: WireFormat;
  output_format: WireFormat;
  voice_id?: string;
  json_config: Record<string, unknown>;
  retry_for_s?: number;
}

/** Defaults filled in. */
export interface CheckedS2sOptions {
  targetLanguage: string;
  voiceId: string | undefined;
  model: string;
  sttModel: string;
  ttsModel: string;
  outputFormat: WireFormat;
  extra: Record<string, unknown>;
  retryForS: number | undefined;
  wire: 'auto' | WireFormat;
  stepsPerMessage: number;
  tailSilenceS: number;
  pace: number;
  retries: number;
}

const S2S_LANGUAGES = ['en', 'fr', 'de', 'es', 'pt'];
const MAX_STEPS_PER_MESSAGE = 125;

/** @throws TypeError, RangeError ERR_INVALID_ARG */
export function checkS2sOptions(options: S2sOptions, defaultOutput: WireFormat): CheckedS2sOptions {
  requireOptions(options);
  const { outputFormat = defaultOutput, wire = 'auto' } = options;
  if (!isWireFormat(outputFormat)) {
    throw argumentRangeError(`outputFormat must be one of ${WIRE_FORMATS.join(', ')}`);
  }
  if (wire !== 'auto' && (!isWireFormat(wire) || (wire as WireFormat) === 'wav')) {
    const formats = WIRE_FORMATS.filter((format) => format !== 'wav');
    throw argumentRangeError(`wire must be auto or one of ${formats.join(', ')}`);
  }
  checkSignal(options.signal);
  const targetLanguage = checkLanguage(options.targetLanguage);
  return {
    targetLanguage,
    voiceId: chooseVoice(options, targetLanguage),
    model: checkText('model', options.model) ?? 's2s-translate',
    sttModel: checkText('sttModel', options.sttModel) ?? 'stt-translate',
    ttsModel: checkText('ttsModel', options.ttsModel) ?? 'default',
    outputFormat,
    extra: checkExtra(options.extra),
    retryForS: checkNumber('retryForS', options.retryForS, 0, 86_400),
    wire,
    stepsPerMessage:
      checkNumber('stepsPerMessage', options.stepsPerMessage, 1, MAX_STEPS_PER_MESSAGE, true) ?? 1,
    tailSilenceS: checkNumber('tailSilenceS', options.tailSilenceS, 0, 10) ?? 2,
    pace: checkNumber('pace', options.pace, 0, 100) ?? 1,
    retries: checkNumber('retries', options.retries, 0, 1000, true) ?? 4,
  };
}

function checkLanguage(value: unknown): string {
  const language = checkText('targetLanguage', value);
  if (language !== undefined && S2S_LANGUAGES.includes(language)) return language;
  const message = `targetLanguage must be one of ${S2S_LANGUAGES.join(', ')}`;
  throw language === undefined ? argumentTypeError(message) : argumentRangeError(message);
}

/** @throws RangeError for a name that has no id here: S2S has no field for names (wire reference, section 2.4) */
function chooseVoice(options: S2sOptions, targetLanguage: string): string | undefined {
  const voiceId = checkText('voiceId', options.voiceId);
  const voice = checkText('voice', options.voice);
  if (voice === undefined || voiceId !== undefined) return voiceId;
  const resolved = resolveVoice(voice, targetLanguage);
  if ('id' in resolved) return resolved.id;
  throw argumentRangeError(
    `voice ${JSON.stringify(voice.slice(0, 40))} is no name of the catalogue; give the voiceId of a voice of your own`,
  );
}

/** All that has a default is sent: what the service's own are, its sources do not agree on. */
export function s2sSetup(options: CheckedS2sOptions, input: WireFormat, output: WireFormat): S2sSetup {
  return {
    type: 'setup',
    model_name: options.model,
    stt_model_name: options.sttModel,
    tts_model_name: options.ttsModel,
    input_format: input,
    output_format: output,
    json_config: { ...options.extra, target_language: options.targetLanguage },
    ...defined({ voice_id: options.voiceId, retry_for_s: options.retryForS }),
  };
}
