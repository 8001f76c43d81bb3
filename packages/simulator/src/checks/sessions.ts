import type { ReplicaProgress, ReplyFrame } from '@understudy/core/internal';
import type { SessionLink } from '../network/session-link.js';
import type { Plan } from '../plan/plan.js';
import { demand } from '../violation.js';

/** The time, and the group's promises to sessions. */
export interface SessionsWorld {
  readonly nowMs: number;
  readonly plan: Pick<Plan, 'config'>;
}

interface Welcomer {
  readonly name: string;
  readonly lives: number;
  readonly status: ReplicaProgress | undefined;
}

interface Welcome {
  readonly atMs: number;
  readonly term: number;
}

/**
 * DESIGN 5.3: only a session that was silent for sessionExpiryMs is refused. A primary that welcomes a session keeps
 * it.
 */
export class Sessions {
  readonly #world: SessionsWorld;
  readonly #welcomes = new Map<string, Welcome>();

  constructor(world: SessionsWorld) {
    this.#world = world;
  }

  told(
    { status, name, lives }: Welcomer,
    { client, connection }: Pick<SessionLink, 'client' | 'connection'>,
    frame: ReplyFrame,
  ): void {
    const who = `${name}/${lives}/${connection}`;
    const { nowMs, plan } = this.#world;
    if (frame.kind === 'welcome' && status?.role === 'primary')
      this.#welcomes.set(who, { atMs: nowMs, term: status.term });
    if (frame.kind !== 'refused' || frame.code !== 'UNDERSTUDY_SESSION_EXPIRED') return;
    // A session that has closed is gone, and a late frame of it may come after its goodbye.
    if (client.connection !== connection) return;
    const welcome = this.#welcomes.get(who);
    if (welcome === undefined || welcome.term !== status?.term) return;
    demand(
      nowMs - welcome.atMs >= 0.9 * plan.config.sessionExpiryMs,
      () => `${name} refuses ${client.name} as silent, ${(nowMs - welcome.atMs).toFixed(0)} ms after it welcomed it`,
    );
  }
}
