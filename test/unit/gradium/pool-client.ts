/**
 * A pool against a scripted server, and requests on it of which everything is seen that their channel tells.
 * Not here: sessions, which are the channels' users in real life.
 */
import { Access } from '../../../src/gradium/access.js';
import type { Channel, ChannelOptions, Route } from '../../../src/gradium/channel.js';
import { PoolLink, type PoolOptions } from '../../../src/gradium/pool-link.js';
import type { Message } from '../../speech/scripted-server.js';

export function poolOn(url: string, options: Partial<PoolOptions> = {}): PoolLink {
  return new PoolLink(new Access({ apiKey: 'gd_very_secret', baseUrl: url }), {
    sockets: 1,
    sessionsPerSocket: 8,
    idleMs: 60_000,
    pingMs: 20_000,
    ...options,
  });
}

export interface Request {
  channel: Channel;
  opened: Promise<void>;
  failed: Promise<unknown>;
  messages: Message[];
  /** In their order: `open`, `message`, `sent`, `drain`, `stalled`, `goes on`, `fail`. */
  calls: string[];
  send(message: Message): void;
  /** The next message that has not been taken yet. */
  next(): Promise<Message>;
}

export function request(pool: PoolLink, extra: Partial<ChannelOptions> = {}, route: Route = 'stt'): Request {
  const messages: Message[] = [];
  const calls: string[] = [];
  let taken = 0;
  let open = () => {};
  let fail = (_error: unknown) => {};
  let arrived = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const channel = pool.open(route, {
    connectMs: 10_000,
    pingMs: 0,
    where: () => ({ phase: 'setup', requestId: `req of ${channel.clientReqId}` }),
    onOpen: () => {
      calls.push('open');
      open();
    },
    onMessage: (data) => {
      calls.push('message');
      messages.push(JSON.parse(data.toString()));
      arrived();
    },
    onSent: () => calls.push('sent'),
    onDrain: () => calls.push('drain'),
    onStalled: (stalled) => calls.push(stalled ? 'stalled' : 'goes on'),
    onFail: (error) => {
      calls.push('fail');
      fail(error);
    },
    ...extra,
  });
  return {
    channel,
    opened,
    failed,
    messages,
    calls,
    send(message) {
      const { clientReqId } = channel;
      channel.send(JSON.stringify(clientReqId ? { ...message, client_req_id: clientReqId } : message));
    },
    async next() {
      while (messages.length <= taken) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
      return messages[taken++] as Message;
    },
  };
}

/** A request whose `setup` is on its way. */
export async function started(pool: PoolLink, extra?: Partial<ChannelOptions>): Promise<Request> {
  const made = request(pool, extra);
  await made.opened;
  made.send({ type: 'setup' });
  return made;
}
