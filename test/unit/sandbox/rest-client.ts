/** A bare client of the sandbox's REST, and what to send with it. */
import { writeWav } from '../../../src/audio/index.js';

export interface RestReply {
  status: number;
  headers: Headers;
  /** Undefined: none. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service says
  body: any;
}

/** A JSON request; a body that is text or a form goes as it is. */
export async function rest(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<RestReply> {
  const raw = typeof body === 'string' || body instanceof FormData || body instanceof Uint8Array;
  const answer = await fetch(url + path, {
    method,
    headers: {
      'x-api-key': 'any',
      ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { body: raw ? (body as string | FormData | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** Silence will do: a sample is not listened to. */
export function wavOf(seconds: number): Uint8Array<ArrayBuffer> {
  const wav = writeWav(new Int16Array(8_000 * seconds), {
    sampleRateHz: 8_000,
    channels: 1,
    encoding: 's16',
  });
  return new Uint8Array(wav);
}

export function voiceForm(
  fields: Record<string, string>,
  sample: Uint8Array<ArrayBuffer> = wavOf(12),
  filename = 'me.wav',
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('audio_file', new Blob([sample]), filename);
  return form;
}

/** The id of a new voice. */
export async function makeVoice(
  url: string,
  name = 'Me',
  fields: Record<string, string> = {},
): Promise<string> {
  const made = await rest(url, 'POST', '/api/voices/', voiceForm({ name, language: 'en', ...fields }));
  if (made.status !== 201 || made.body.uid === null) throw new Error(JSON.stringify(made.body));
  return made.body.uid;
}
