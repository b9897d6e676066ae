/**
 * Speech over POST: the request's query and body to a setup and its input. Both bodies are streams.
 * Not here: the answer's body (post-body.ts), paths and keys (server.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from './http-body.js';
import type { Mode } from './modes.js';
import { bareAudio, failPlainly, lines, PostOutlet, refuseSpeech } from './post-body.js';
import {
  asProtocolError,
  Fields,
  formatOf,
  type Message,
  ProtocolError,
  parseJson,
  storyOf,
} from './protocol.js';
import type { Outlet, Request } from './request.js';
import { queryOf, type Route } from './routes.js';

/** One POST, and what it needs. */
export interface Post {
  request: IncomingMessage;
  response: ServerResponse;
  mode: Mode;
  log: (line: string) => void;
  /** @throws ProtocolError when the setup is not acceptable */
  open: (setup: Message, outlet: Outlet) => Request;
}

/** What can be had over POST. */
export type PostRoute = Exclude<Route, 's2s'>;

const POST_PATHS = new Map<string, PostRoute>([
  ['/post/speech/asr', 'stt'],
  ['/post/speech/tts', 'tts'],
]);

export function postPaths(): string[] {
  return [...POST_PATHS.keys()];
}

/** What a POST to this path does; undefined: nothing. */
export function postRoute(path: string): PostRoute | undefined {
  return POST_PATHS.get(path);
}

/** Resolves once everything was said. Never rejects. */
export async function answerPost(route: PostRoute, post: Post): Promise<void> {
  try {
    await (route === 'stt' ? transcribe(post) : speak(post));
  } catch (error) {
    fail(post, error);
  }
  post.request.resume(); // what the client is still sending is read and dropped
}

function fail({ response, log }: Post, error: unknown): void {
  if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') {
    log('the client left');
    return;
  }
  const failure = asProtocolError(error);
  log(`error ${failure.code}: ${storyOf(failure)}`);
  if (!response.headersSent) refuseSpeech(response, failure);
}

const INPUT_BY_CONTENT_TYPE = new Map([
  ['audio/wav', 'wav'],
  ['audio/pcm', 'pcm'],
  ['audio/ogg', 'opus'],
  ['audio/opus', 'opus'],
]);
/** All that the documents promise of an answer. */
const DOCUMENTED_LINES = ['text', 'end_text'];
const DOCUMENTED_INPUTS = ['wav', 'pcm', 'opus'];

async function transcribe(post: Post): Promise<void> {
  const query = queryOf(post.request);
  const contentType = contentTypeOf(post.request) ?? 'audio/wav';
  const input = query.get('input_format') ?? INPUT_BY_CONTENT_TYPE.get(contentType);
  if (input === undefined)
    return failPlainly(post.response, `unsupported content type for SST '${contentType}'`);
  const setup = {
    type: 'setup',
    model_name: query.get('model') ?? query.get('model_name'),
    input_format: input,
    json_config: query.get('json_config'),
  };
  if (post.mode === 'strict') new Fields(setup, 1008).oneOf('input_format', DOCUMENTED_INPUTS);
  const outlet = new PostOutlet(post.response, lines(post.mode === 'strict' ? DOCUMENTED_LINES : undefined));
  await run(post, openTranscription(post, setup, outlet), async (request) => {
    const chunks = post.request.iterator({ destroyOnReturn: false });
    for await (const audio of chunks as AsyncIterable<Buffer>) {
      if (outlet.isClosed) return;
      await request.answer({ type: 'audio', audio });
    }
  });
}

/** Of a json_config that is wrong, the service says nothing at all: an empty body (protocol reference, 1.3). */
function openTranscription(post: Post, setup: Message, outlet: Outlet): Request | undefined {
  try {
    return post.open(setup, outlet);
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code !== 1011) throw error;
    post.log(`${error.message}: answered by an empty body`);
    outlet.close(1011);
    return undefined;
  }
}

async function speak(post: Post): Promise<void> {
  const body = parseJson((await readBody(post.request)).toString('utf8'), 'body', 1008);
  const fields = new Fields(body, 1008);
  for (const name of post.mode === 'strict' ? ['text', 'voice_id', 'output_format'] : ['text']) {
    fields.require(name);
  }
  const text = fields.string('text');
  const { only_audio: _, text: __, ...rest } = body;
  const json_config = body.json_config ?? queryOf(post.request).get('json_config');
  const setup = { ...rest, type: 'setup', json_config };
  const format = formatOf(new Fields(setup, 1008), 'output_format');
  const outlet = new PostOutlet(post.response, fields.boolean('only_audio') ? bareAudio(format) : lines());
  await run(post, post.open(setup, outlet), (request) => request.answer({ type: 'text', text }));
}

async function run(
  { log }: Post,
  request: Request | undefined,
  feed: (request: Request) => Promise<void>,
): Promise<void> {
  if (request === undefined) return;
  log(`setup${request.fault === undefined ? '' : `, fault ${request.fault}`}`);
  try {
    await request.start();
    await feed(request);
    await request.answer({ type: 'end_of_stream' });
  } finally {
    request.dispose();
  }
}

/** In lower case, without parameters. */
function contentTypeOf({ headers }: IncomingMessage): string | undefined {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() || undefined;
}
