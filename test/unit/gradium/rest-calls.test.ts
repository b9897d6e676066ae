// What each REST call asks for, and what it makes of the answer (wire reference, sections 1.4 and 1.5).
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Gradium, voiceCatalogue } from '../../../src/gradium/index.js';
import { type HttpPeer, scriptedHttp } from '../../speech/scripted-http.js';

const KEY = 'gd_very_secret_key';

interface Asked {
  method: string | undefined;
  url: string | undefined;
  body: unknown;
  key: unknown;
}

/** A server that answers each request with the next of `answers`, and what it was asked. */
async function served(...answers: [status: number, body?: unknown][]) {
  const asked: Asked[] = [];
  const server = await scriptedHttp(async (peer: HttpPeer, nth) => {
    const body = await peer.body();
    const { method, url, headers } = peer.request;
    const json = headers['content-type'] === 'application/json';
    asked.push({
      method,
      url,
      body: json ? JSON.parse(body.toString()) : undefined,
      key: headers['x-api-key'],
    });
    const [status, answer] = answers[nth] ?? [500];
    if (status === 204) peer.response.writeHead(204).end();
    else peer.answer(status, JSON.stringify(answer), { 'content-type': 'application/json' });
  });
  const client = new Gradium({ apiKey: KEY, baseUrl: server.url });
  return { asked, client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const VOICE = {
  uid: 'v1',
  name: 'Emma',
  is_catalog: false,
  is_pro_clone: true,
  description: null,
  filename: 'emma.wav',
  start_s: 1.5,
  language: 'en',
  tags: [
    { category: 'mood', value: 'calm' },
    { value: 'x', category: null },
  ],
  new_field: { of: 'tomorrow' },
};
const DICTIONARY = {
  uid: 'd1',
  name: 'brands',
  language: 'en',
  description: null,
  org_uid: '6e0f7a9c-0000-4000-8000-000000000001',
  created_at: '2026-11-21T10:00:00.123456',
  rules: [{ id: 7, original: 'a', rewrite: 'b', case_sensitive: true }],
};
const CANDIDATE = { embedding_id: 'vox_emb_1', ready: false, expires_at: '2026-12-21T10:00:00Z' };

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('voices', () => {
  it('catalogue is the one of the package, and asks nobody', () => {
    const { voices } = new Gradium({ apiKey: KEY, baseUrl: 'http://127.0.0.1:9' });
    expect(voices.catalogue).toBe(voiceCatalogue);
  });

  it('get reads a voice, without what is null and what it does not know', async () => {
    await using at = await served([200, VOICE]);
    expect(await at.client.voices.get('v1')).toEqual({
      id: 'v1',
      name: 'Emma',
      isCatalog: false,
      isProClone: true,
      filename: 'emma.wav',
      startS: 1.5,
      language: 'en',
      tags: [{ category: 'mood', value: 'calm' }, { value: 'x' }],
    });
    expect(at.asked).toEqual([{ method: 'GET', url: '/api/voices/v1', body: undefined, key: KEY }]);
  });

  it('list asks for a page, and for the catalogue where that is wanted', async () => {
    await using at = await served([200, [VOICE]], [200, []]);
    const [voice] = await at.client.voices.list().toArray();
    expect(voice?.id).toBe('v1');
    expect(await at.client.voices.list({ includeCatalog: true, skip: 5, pageSize: 7 }).toArray()).toEqual([]);
    expect(at.asked.map(({ url }) => url)).toEqual([
      '/api/voices/?skip=0&limit=100',
      '/api/voices/?skip=5&limit=7&include_catalog=true',
    ]);
  });

  it('update sends what changes, and null for what goes', async () => {
    const answer = { uid: 'v1', name: 'E', start_s: 0, filename: 'e.wav', org_uid: null, stop_s: 10 };
    await using at = await served([200, answer]);
    const tags = [{ category: 'mood', value: null, on: true }];
    const changes = { name: 'E', description: null, startS: 0, rank: -1.5, tags };
    expect(await at.client.voices.update('v1', changes)).toEqual({
      id: 'v1',
      name: 'E',
      filename: 'e.wav',
      startS: 0,
      stopS: 10,
      isPending: false,
      hasAudio: true,
      isProClone: false,
    });
    const body = { name: 'E', description: null, start_s: 0, rank: -1.5, tags };
    expect(at.asked).toEqual([{ method: 'PUT', url: '/api/voices/v1', body, key: KEY }]);
  });

  it('delete gives nothing', async () => {
    await using at = await served([204]);
    expect(await at.client.voices.delete('v1')).toBeUndefined();
    expect(at.asked[0]).toMatchObject({ method: 'DELETE', url: '/api/voices/v1' });
  });

  it('fromEmbedding makes a voice of a candidate', async () => {
    await using at = await served([201, { uid: 'v2', name: 'S', description: null, language: 'fr' }]);
    const kept = await at.client.voices.fromEmbedding('vox_emb_1', { name: 'S', description: 'd' });
    expect(kept).toEqual({ id: 'v2', name: 'S', language: 'fr' });
    const body = { voxium_embedding_id: 'vox_emb_1', name: 'S', description: 'd' };
    expect(at.asked[0]).toMatchObject({ method: 'POST', url: '/api/voices/from-embedding', body });
  });
});

describe('voiceGenerator', () => {
  const candidate = { id: 'vox_emb_1', ready: false, expiresAt: new Date('2026-12-21T10:00:00Z') };

  it('generate, enhance and localize send what was said, and nothing else', async () => {
    const answer = { embeddings: [CANDIDATE] };
    await using at = await served([201, answer], [201, answer], [201, answer], [201, answer]);
    const { voiceGenerator } = at.client;
    expect(await voiceGenerator.generate('old sailor', { language: 'en' })).toEqual([candidate]);
    await voiceGenerator.generate('old sailor', { language: 'en', samples: 5, cfgScale: 1.5 });
    await voiceGenerator.enhance('v1');
    const to = { targetLanguage: 'fr', accent: 'québécois', gender: 'female', samples: 2 } as const;
    await voiceGenerator.localize('v1', to);
    const bodies = at.asked.map(({ url, body }) => [url, body]);
    expect(bodies).toEqual([
      ['/api/voice-generator/generate', { prompt: 'old sailor', language: 'en' }],
      [
        '/api/voice-generator/generate',
        { prompt: 'old sailor', language: 'en', n_samples: 5, json_config: { cfg_scale: 1.5 } },
      ],
      ['/api/voice-generator/enhance', { src_voice: 'v1' }],
      [
        '/api/voice-generator/localize',
        { src_voice: 'v1', target_language: 'fr', accent: 'québécois', gender: 'female', n_samples: 2 },
      ],
    ]);
  });

  it('list reads candidates with their story', async () => {
    const config = { prompt: 'p' };
    const told = {
      ...CANDIDATE,
      prompt: 'p',
      kind: 'generate',
      generate_config: config,
      created_at: '2026-11-21T10:00:00+01:00',
    };
    const later = { ...CANDIDATE, embedding_id: 'vox_emb_2', kind: 'sung', expires_at: null };
    await using at = await served([200, { embeddings: [told, later] }]);
    expect(await at.client.voiceGenerator.list({ id: 'vox_emb_1' }).toArray()).toEqual([
      { ...candidate, kind: 'generate', prompt: 'p', config, createdAt: new Date('2026-11-21T09:00:00Z') },
      { id: 'vox_emb_2', ready: false },
    ]);
    expect(at.asked[0]?.url).toBe('/api/voice-generator/embeddings?embedding_id=vox_emb_1&skip=0&limit=100');
  });

  it('accents gives the lists by language', async () => {
    const languages = { fr: ['parisien', 'québécois'], en: [] };
    await using at = await served([200, { languages }]);
    expect(await at.client.voiceGenerator.accents()).toEqual(languages);
    expect(at.asked[0]).toMatchObject({ method: 'GET', url: '/api/voice-generator/available-accents' });
  });

  it('delete names the candidate', async () => {
    await using at = await served([204]);
    await at.client.voiceGenerator.delete('vox_emb_1');
    expect(at.asked[0]).toMatchObject({ method: 'DELETE', url: '/api/voice-generator/embeddings/vox_emb_1' });
  });

  it('whenReady looks until all are, and no more for those that are', async () => {
    const as = (id: string, ready: boolean) =>
      [200, { embeddings: [{ embedding_id: id, ready }] }] as [number, unknown];
    await using at = await served(as('a', true), as('b', false), as('b', true));
    const found = await at.client.voiceGenerator.whenReady(['a', 'b'], { pollMs: 100 });
    expect(found).toEqual([
      { id: 'a', ready: true },
      { id: 'b', ready: true },
    ]);
    expect(at.asked.map(({ url }) => url?.split('=')[1])).toEqual(['a', 'b', 'b']);
  });

  it('whenReady calls a candidate that is gone 404, and is bounded by totalMs', async () => {
    // A service may pass over the id that it was asked for.
    await using at = await served([200, { embeddings: [{ embedding_id: 'b', ready: true }] }]);
    await expect(at.client.voiceGenerator.whenReady(['a'])).rejects.toMatchObject({
      code: 'ERR_SPEECH_API',
      apiCode: 404,
      retryable: false,
    });
    await using slow = await served([200, { embeddings: [{ embedding_id: 'a', ready: false }] }]);
    const options = { pollMs: 60_000, deadlines: { totalMs: 150 } };
    await expect(slow.client.voiceGenerator.whenReady(['a'], options)).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'total',
    });
  });

  it('whenReady of none is done', async () => {
    expect(
      await new Gradium({ apiKey: KEY, baseUrl: 'http://127.0.0.1:9' }).voiceGenerator.whenReady([]),
    ).toEqual([]);
  });
});

describe('pronunciations', () => {
  const dictionary = {
    id: 'd1',
    name: 'brands',
    language: 'en',
    organisationId: DICTIONARY.org_uid,
    createdAt: new Date('2026-11-21T10:00:00.123Z'),
    rules: [{ id: 7, original: 'a', rewrite: 'b', caseSensitive: true }],
  };

  it('get, create and update give the dictionary, its time as UTC where no offset stands', async () => {
    const spaced = { ...DICTIONARY, created_at: DICTIONARY.created_at.replace('T', ' ') };
    await using at = await served([200, DICTIONARY], [201, spaced], [200, DICTIONARY]);
    const { pronunciations } = at.client;
    // Where the reader is does not matter.
    vi.stubEnv('TZ', 'America/New_York');
    expect(await pronunciations.get('d1')).toEqual(dictionary);
    const rules = [{ original: 'a', rewrite: '' }];
    expect(await pronunciations.create({ name: 'n', language: 'en', rules })).toEqual(dictionary);
    expect(await pronunciations.update('d1', { description: null, rules: [] })).toEqual(dictionary);
    expect(at.asked.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/api/pronunciations/d1', undefined],
      [
        'POST',
        '/api/pronunciations/',
        { name: 'n', language: 'en', rules: [{ original: 'a', rewrite: '', case_sensitive: false }] },
      ],
      ['PUT', '/api/pronunciations/d1', { description: null, rules: [] }],
    ]);
  });

  it('list asks by `offset`', async () => {
    await using at = await served([200, { dictionaries: [DICTIONARY], total: 1 }]);
    expect(await at.client.pronunciations.list({ language: 'en', skip: 0 }).toArray()).toEqual([dictionary]);
    expect(at.asked[0]?.url).toBe('/api/pronunciations/?offset=0&limit=100&language=en');
  });

  it('delete gives nothing', async () => {
    await using at = await served([204]);
    expect(await at.client.pronunciations.delete('d1')).toBeUndefined();
    expect(at.asked[0]).toMatchObject({ method: 'DELETE', url: '/api/pronunciations/d1' });
  });
});

describe('credits and usage', () => {
  it('credits.get', async () => {
    const answer = {
      remaining_credits: 5,
      allocated_credits: 10,
      billing_period: 'monthly',
      next_rollover_date: '2026-12-01',
      plan_name: 'XS',
    };
    await using at = await served(
      [200, answer],
      [200, { ...answer, next_rollover_date: null, plan_name: undefined }],
    );
    const credits = { remaining: 5, allocated: 10, billingPeriod: 'monthly' };
    expect(await at.client.credits.get()).toEqual({
      ...credits,
      nextRolloverDate: '2026-12-01',
      planName: 'XS',
    });
    expect(await at.client.credits.get()).toEqual({ ...credits, planName: '' });
    expect(at.asked[0]).toMatchObject({ method: 'GET', url: '/api/usages/credits', key: KEY });
  });

  it('usage.summary, with 0 for what is not said', async () => {
    await using at = await served([
      200,
      { consumed_credits: 3, ingress_audio_duration: 1.5, egress_text_size: 9 },
    ]);
    expect(await at.client.usage.summary()).toEqual({
      consumedCredits: 3,
      sessions: 0,
      ingressAudioS: 1.5,
      ingressMessages: 0,
      ingressChars: 0,
      egressAudioS: 0,
      egressMessages: 0,
      egressChars: 9,
    });
    expect(at.asked[0]?.url).toBe('/api/usages/summary');
  });
});
