import type { ReplyFrame } from '@understudy/core';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { SessionStream } from '../network/streams.js';
import { demand } from '../violation.js';

interface Welcome {
  readonly atMs: number;
  readonly term: number;
}

/** DESIGN 5.3: who was silent for sessionExpiryMs is refused, and nobody else: a primary that welcomes a session keeps it. */
export class Sessions {
  readonly #welcomes = new Map<string, Welcome>();

  told(server: ServerHost, { client, connection }: SessionStream, frame: ReplyFrame): void {
    const { simulation, status, name, lives } = server;
    const who = `${name}/${lives}/${connection}`;
    const { nowMs, plan } = simulation;
    if (frame.kind === 'welcome' && status?.role === 'primary')
      this.#welcomes.set(who, { atMs: nowMs, term: status.term });
    if (frame.kind !== 'refused' || frame.code !== 'UNDERSTUDY_SESSION_EXPIRED') return;
    const welcome = this.#welcomes.get(who);
    if (welcome === undefined || welcome.term !== status?.term) return;
    demand(
      nowMs - welcome.atMs >= 0.9 * plan.config.sessionExpiryMs,
      () => `${name} refuses ${client.name} as silent, ${(nowMs - welcome.atMs).toFixed(0)} ms after it welcomed it`,
    );
  }
}
