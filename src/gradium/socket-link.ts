/**
 * A WebSocket for every request.
 * Not here: the socket itself (src/speech/socket.ts), where it leads (access.ts).
 */
import { SpeechSocket } from '../speech/index.js';
import type { Access } from './access.js';
import type { Channel, ChannelOptions, Link, Route } from './channel.js';

class SocketChannel extends SpeechSocket implements Channel {
  /** Nobody else is on it. */
  readonly clientReqId = undefined;
}

export class SocketLink implements Link {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  open(route: Route, options: ChannelOptions): Channel {
    return new SocketChannel({ ...options, target: () => this.#access.socket(route) });
  }
}
