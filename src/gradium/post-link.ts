/**
 * What becomes of a request's messages when it is an HTTP POST (wire reference, section 1.3).
 * Not here: the answer (post-channel.ts), where it leads (access.ts).
 */
import { WavWriter } from '../audio/index.js';
import { argumentTypeError } from '../errors.js';
import { type WireFormat, wireAudio } from '../format.js';
import type { Access } from './access.js';
import type { Channel, ChannelOptions, Link, Route } from './channel.js';
import { PostChannel } from './post-channel.js';
import type { ClientMessage } from './session.js';

export class PostLink implements Link {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  /** @throws TypeError ERR_NO_API_KEY with but a token; ERR_INVALID_ARG of speech to speech, which has no POST */
  open(route: Route, options: ChannelOptions): Channel {
    if (route === 'stt') return new SttPost(this.#access.rest('post/speech/asr'), options);
    if (route === 'tts') return new TtsPost(this.#access.rest('post/speech/tts'), options);
    throw argumentTypeError('there is no POST for speech to speech');
  }
}

/** `setup` is the query, audio the body as it comes. */
class SttPost extends PostChannel {
  protected override take(message: string | Buffer): void {
    const framed = framedAudio(message);
    if (framed === undefined) this.#take(parsed(message));
    else this.write(Buffer.from(framed, 'base64'));
  }

  #take(said: ClientMessage): void {
    switch (said.type) {
      case 'setup':
        this.#setUp(said);
        break;
      case 'audio':
        this.write(Buffer.from(String(said.audio), 'base64'));
        break;
      case 'end_of_stream':
        this.finish();
        break;
      default:
        throw notOfAPost(said);
    }
  }

  #setUp(setup: ClientMessage): void {
    const { url } = this;
    const wire = String(setup.input_format) as WireFormat;
    const head = wavHead(wire);
    const format = head ? 'wav' : wire;
    url.searchParams.set('model', String(setup.model_name));
    url.searchParams.set('input_format', format);
    url.searchParams.set('json_config', JSON.stringify(setup.json_config));
    this.ask({ url, contentType: audioType(format), body: 'streamed', onlyAudio: false });
    if (head) this.writeHead(head);
    this.setUp();
  }
}

/** `setup` and the texts are the body, once the last of them is here. */
class TtsPost extends PostChannel {
  #setup: Record<string, unknown> = {};
  readonly #texts: string[] = [];

  protected override take(message: string | Buffer): void {
    const said = parsed(message);
    switch (said.type) {
      case 'setup':
        this.#setup = said;
        this.setUp();
        break;
      case 'text':
        this.#texts.push(String(said.text));
        this.taken();
        break;
      case 'end_of_stream':
        this.#speak();
        break;
      default:
        throw notOfAPost(said);
    }
  }

  #speak(): void {
    const { type: _, retry_for_s: _wait, ...setup } = this.#setup;
    // The service puts one space between messages.
    const body = Buffer.from(JSON.stringify({ text: this.#texts.join(' '), ...setup }));
    const onlyAudio = setup.only_audio === true;
    this.ask({ url: this.url, contentType: 'application/json', body, onlyAudio });
  }
}

function notOfAPost({ type }: ClientMessage): TypeError {
  return argumentTypeError(`a POST has no ${type}; use a WebSocket`, 'ERR_INVALID_STATE');
}

function parsed(message: string | Buffer): ClientMessage {
  return JSON.parse(message.toString()) as ClientMessage;
}

const AUDIO = Buffer.from('{"type":"audio","audio":"');
const QUOTE = 0x22;

/** The base64 of an `audio` message as the framer writes it, without parsing it. */
function framedAudio(message: string | Buffer): string | undefined {
  if (typeof message === 'string') return undefined;
  const from = AUDIO.length;
  const end = message.length - 2;
  if (end < from || AUDIO.compare(message, 0, from) !== 0 || message.indexOf(QUOTE, from) !== end)
    return undefined;
  return message.toString('latin1', from, end);
}

/**
 * Of samples at a rate that only the WebSocket has a name for, in every source: the header of a WAV of unknown length.
 * Undefined for what goes as it is (wire reference, section 0, row 15).
 */
function wavHead(format: WireFormat): Buffer | undefined {
  if (!format.startsWith('pcm_')) return undefined;
  const audio = wireAudio(format, 'input');
  if (!audio) return undefined;
  using writer = new WavWriter({ sampleRateHz: audio.sampleRateHz, rf64: false });
  return Buffer.from(writer.process(new Int16Array(0)));
}

/** `input_format` says more, and goes before; the type has to be one that the service knows. */
function audioType(format: WireFormat): string {
  if (format === 'wav') return 'audio/wav';
  return format === 'opus' ? 'audio/ogg' : 'audio/pcm';
}
