import { describe, expect, it } from 'vitest';
import { Gradium, type Listing, type Voice } from '../../../src/gradium/index.js';
import { type HttpPeer, scriptedHttp } from '../../speech/scripted-http.js';

const voice = (n: number) => ({ uid: `v${n}`, name: 'n', is_catalog: false, is_pro_clone: false });
const dictionary = (n: number) => ({ uid: `d${n}`, name: 'n', language: 'en', rules: [] });
const many = <T>(count: number, make: (n: number) => T, from = 0) =>
  Array.from({ length: count }, (_, i) => make(from + i));

const queryOf = (peer: HttpPeer) => new URL(String(peer.request.url), 'http://x').searchParams;
const answer = (peer: HttpPeer, body: unknown) => peer.answer(200, JSON.stringify(body));
/** A server of that many voices that behaves. */
const voices = (count: number, mostOfPage = Number.POSITIVE_INFINITY) =>
  scriptedHttp((peer) => {
    const query = queryOf(peer);
    const from = Number(query.get('skip'));
    const limit = Math.min(mostOfPage, Number(query.get('limit')));
    answer(peer, many(count, voice).slice(from, from + limit));
  });

const client = (url: string) => new Gradium({ apiKey: 'gd_very_secret_key', baseUrl: url });
const ids = async (listing: Listing<{ id: string }>) => (await listing.toArray()).map(({ id }) => id);

describe('Listing', () => {
  it.each([
    [0, 1],
    [1, 1],
    [4, 1],
    [5, 2],
    [10, 3],
    [12, 3],
  ])('gives %i voices in order, five a page, by %i requests', async (count, requests) => {
    await using server = await voices(count);
    const listing = client(server.url).voices.list({ pageSize: 5 });
    expect(await ids(listing)).toEqual(many(count, (n) => `v${n}`));
    expect(server.peers).toHaveLength(requests);
  });

  it('is whole though the service gives less of a page than it was asked for', async () => {
    await using server = await voices(230, 100);
    const listing = client(server.url).voices.list({ pageSize: 1000 });
    expect(await ids(listing)).toEqual(many(230, (n) => `v${n}`));
    expect(server.peers).toHaveLength(3);
  });

  it('begins anew with each iteration, at `skip`', async () => {
    await using server = await voices(7);
    const listing = client(server.url).voices.list({ pageSize: 3, skip: 2 });
    const expected = ['v2', 'v3', 'v4', 'v5', 'v6'];
    expect(await ids(listing)).toEqual(expected);
    expect(await ids(listing)).toEqual(expected);
  });

  it('asks for no page before it is needed, and for none after a break', async () => {
    await using server = await voices(100);
    const seen: Voice[] = [];
    const listing = client(server.url).voices.list({ pageSize: 2 });
    expect(server.peers).toHaveLength(0);
    for await (const entry of listing) {
      seen.push(entry);
      expect(server.peers).toHaveLength(Math.ceil(seen.length / 2));
      if (seen.length === 3) break;
    }
    expect(server.peers).toHaveLength(2);
  });

  it('goes by `total` where there is one, though pages are short', async () => {
    await using server = await scriptedHttp((peer) => {
      const from = Number(queryOf(peer).get('offset'));
      answer(peer, { dictionaries: many(7, dictionary).slice(from, from + 2), total: 7 });
    });
    expect(await ids(client(server.url).pronunciations.list())).toEqual(many(7, (n) => `d${n}`));
    expect(server.peers).toHaveLength(4);
  });

  it('ends by an empty page, whatever `total` promises', async () => {
    await using server = await scriptedHttp((peer, nth) =>
      answer(peer, { dictionaries: nth === 0 ? [dictionary(1)] : [], total: 1e9 }),
    );
    expect(await ids(client(server.url).pronunciations.list())).toEqual(['d1']);
  });

  it('fails on a server that gives the same page for ever', async () => {
    await using server = await scriptedHttp((peer) => answer(peer, many(3, voice)));
    const listing = client(server.url).voices.list({ pageSize: 3 });
    await expect(listing.toArray()).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'ERR_PROTOCOL',
      message: expect.stringContaining('the same page again and again'),
    });
    expect(server.peers).toHaveLength(3);
  });

  it('gives each entry once, though one more comes in front meanwhile', async () => {
    await using server = await scriptedHttp((peer, nth) => {
      const all = nth === 0 ? many(4, voice) : [voice(9), ...many(4, voice)];
      const query = queryOf(peer);
      const from = Number(query.get('skip'));
      answer(peer, all.slice(from, from + Number(query.get('limit'))));
    });
    expect(await ids(client(server.url).voices.list({ pageSize: 1 }))).toEqual(['v0', 'v1', 'v2', 'v3']);
  });

  it('tries each page again by itself, and rejects with what fails for good', async () => {
    await using server = await scriptedHttp((peer, nth) => {
      if (nth === 0 || nth === 2) peer.answer(503, '', { 'retry-after': '0' });
      else if (nth < 4) answer(peer, many(2, voice, nth));
      else peer.answer(403, '{"detail":"no"}');
    });
    const seen: string[] = [];
    const read = async () => {
      for await (const { id } of client(server.url).voices.list({ pageSize: 2, retries: 1 })) seen.push(id);
    };
    await expect(read()).rejects.toMatchObject({ apiCode: 403 });
    expect(seen).toEqual(['v1', 'v2', 'v3', 'v4']);
  });

  it('ends with the reason of its signal, between pages too', async () => {
    await using server = await voices(10);
    const ending = new AbortController();
    const reason = new Error('enough');
    const listing = client(server.url).voices.list({ pageSize: 2, signal: ending.signal });
    const read = async () => {
      for await (const { id } of listing) if (id === 'v1') ending.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
    expect(server.peers).toHaveLength(1);
  });

  it.each([
    { skip: -1 },
    { skip: 0.5 },
    { skip: '1' },
    { pageSize: 0 },
    { pageSize: 1001 },
    { pageSize: Number.NaN },
    { retries: -1 },
    { signal: {} },
    { deadlines: { totalMs: 'x' } },
    null,
    5,
  ])('throws at once for %o', (options) => {
    const { voices, voiceGenerator, pronunciations } = client('http://127.0.0.1:9');
    for (const resource of [voices, voiceGenerator, pronunciations]) {
      const list = () => (resource.list as (options: unknown) => unknown).call(resource, options);
      expect(list).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
    }
  });
});
