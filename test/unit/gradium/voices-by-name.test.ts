// Voices by their names, from the client's options to what the sandbox was sent.
import { describe, expect, it, onTestFinished } from 'vitest';
import { Gradium, type TtsOptions, voiceCatalogue } from '../../../src/gradium/index.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';

async function start(): Promise<{ client: Gradium; sandbox: Sandbox }> {
  const sandbox = await startSandbox({ mode: 'strict', clock: 'audio' });
  onTestFinished(() => sandbox.close());
  return { client: new Gradium({ apiKey: 'gd_any_key', baseUrl: sandbox.url }), sandbox };
}

const idOf = (name: string, language: string) => voiceCatalogue.search({ name, language })[0]?.id;
const voicesSent = ({ received }: Sandbox) =>
  received().sessions.map(({ setup }) => {
    const { voice_id, voice } = setup as Record<string, unknown>;
    return { voice_id, voice };
  });

describe('a voice by its name', () => {
  it.each(['websocket', 'post'] as const)('is its id on the wire: tts by %s', async (transport) => {
    const { client, sandbox } = await start();
    const speak = (options: TtsOptions) =>
      client.tts.synthesize('Bonjour.', { transport, outputFormat: 'pcm_8000', ...options });
    await speak({ voice: 'elise' });
    await speak({ voice: 'Thomas', language: 'fr' });
    await expect(speak({ voice: 'Thomas' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
    expect(voicesSent(sandbox)).toEqual([
      { voice_id: idOf('Elise', 'fr'), voice: undefined },
      { voice_id: idOf('Thomas', 'fr'), voice: undefined },
    ]);
  });

  it('is its id on the wire: a stream, and a connection of several sessions', async () => {
    const { client, sandbox } = await start();
    const stream = client.tts.stream({ voice: 'Thomas', rewriteRules: 'en', outputFormat: 'pcm_8000' });
    stream.end('Good morning.');
    for await (const _ of stream);
    await using connection = await client.connect();
    await connection.tts.synthesize('Bom dia.', { voice: 'Davi' });
    expect(voicesSent(sandbox).map(({ voice_id }) => voice_id)).toEqual([
      idOf('Thomas', 'en'),
      idOf('Davi', 'pt'),
    ]);
  });

  it('is its id on the wire: s2s, where it is of the target language', async () => {
    const { client, sandbox } = await start();
    const { data } = await client.tts.synthesize('hello', { voice: 'Emma' });
    await client.s2s.translate(data, { targetLanguage: 'de', voice: 'Laura', pace: 0 });
    expect(voicesSent(sandbox)[1]).toEqual({ voice_id: idOf('Laura', 'de'), voice: undefined });
  });
});
