/**
 * The form that a voice is made by, read as it arrives: its fields, and its sample, of which nothing is kept.
 * Not here: how its bytes are cut into parts (multipart.ts), what the fields mean (rest-voices.ts).
 */
import type { IncomingMessage } from 'node:http';
import { MultipartError, MultipartParser, type PartHead, type PartSink } from './multipart.js';
import { RestError } from './rest-answer.js';
import { RestFields } from './rest-fields.js';
import { VoiceSample } from './voice-sample.js';

const MAX_BODY_BYTES = 256 * 1024 * 1024;
/** Of all fields but the sample. */
const MAX_FIELD_BYTES = 1024 * 1024;

export interface VoiceForm {
  fields: RestFields;
  /** Closed by who asked for the form. */
  sample: VoiceSample;
  /** Of the sample, as the client named it. */
  filename: string;
}

/** @throws RestError 400, 413, 422; the system's error when the client breaks off */
export async function readVoiceForm(request: IncomingMessage): Promise<VoiceForm> {
  const form = new FormReader();
  try {
    await form.read(request);
    return form.result();
  } catch (error) {
    form.sample.close();
    if (error instanceof MultipartError)
      throw new RestError(400, `There was an error parsing the body: ${error.message}`);
    throw error;
  }
}

class FormReader {
  readonly sample = new VoiceSample();
  /** Undefined: there was no sample. */
  #filename: string | undefined;
  readonly #fields = new Map<string, Buffer[]>();
  #fieldBytes = 0;

  async read(request: IncomingMessage): Promise<void> {
    const { 'content-type': type = '', 'content-length': length = '0' } = request.headers;
    // Of any other type it has no fields, all the same.
    if (!/^multipart\/form-data\s*(?:;|$)/iu.test(type)) return;
    if (Number(length) > MAX_BODY_BYTES) throw tooLarge();
    const parser = new MultipartParser(type, (part) => this.#open(part));
    let bytes = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) throw tooLarge();
      parser.push(chunk);
    }
    parser.finish();
  }

  /** @throws RestError 422 when there is no sample */
  result(): VoiceForm {
    // A field that is empty is not there, as FastAPI has it.
    const values = [...this.#fields]
      .map(([name, pieces]): [string, string] => [name, Buffer.concat(pieces).toString('utf8')])
      .filter(([, value]) => value !== '');
    const fields = new RestFields(Object.fromEntries(values), ['body']);
    if (this.#filename !== undefined) return { fields, sample: this.sample, filename: this.#filename };
    if (!this.#fields.has('audio_file')) fields.say('audio_file', 'missing', 'Field required');
    else fields.say('audio_file', 'value_error', "Value error, Expected UploadFile, received: <class 'str'>");
    this.sample.close();
    return { fields, sample: this.sample, filename: '' };
  }

  /** The first part of each name counts. */
  #open({ name, filename }: PartHead): PartSink {
    if (name === 'audio_file' && filename !== undefined) {
      if (this.#filename !== undefined) return () => {};
      this.#filename = filename;
      return (bytes) => this.sample.push(bytes);
    }
    const pieces: Buffer[] = [];
    if (filename !== undefined || this.#fields.has(name)) return () => {};
    this.#fields.set(name, pieces);
    return (bytes) => {
      this.#fieldBytes += bytes.length;
      if (this.#fieldBytes > MAX_FIELD_BYTES)
        throw new RestError(413, 'the fields of the form are larger than 1 MiB');
      pieces.push(Buffer.from(bytes)); // a copy: the bytes are a part of something larger
    };
  }
}

function tooLarge(): RestError {
  return new RestError(413, 'the sample is larger than 256 MiB');
}
