import type { Plan } from '../plan/plan.js';
import type { SessionLink } from './session-link.js';

/** No run has more hosts than this, so a pair of hosts is one small number. */
const HOSTS_MAX = 16;

interface ReachClient {
  readonly index: number;
  readonly runs: boolean;
  readonly links: readonly (SessionLink | undefined)[];
}

interface ReachServer {
  readonly index: number;
  readonly runs: boolean;
}

type Indexed = Pick<ReachClient, 'index'>;

export interface ReachWorld<Client, Server> {
  readonly nowMs: number;
  readonly plan: Pick<Plan, 'config'>;
  readonly clients: readonly Client[];
  readonly servers: readonly Server[];
}

/** Tracks which clients were in reach of which replicas, and for how long they were not. */
export class Reach<Client extends ReachClient, Server extends ReachServer> {
  readonly #world: ReachWorld<Client, Server>;
  readonly #isCutBetween: (client: Client, server: Server) => boolean;
  /** By client and replica: when frames could last pass between them, and since when they can. */
  readonly #inReachMs: number[] = [];
  readonly #sinceMs: number[] = [];
  /** By client and replica: when a frame last arrived there. */
  readonly #heardMs: number[] = [];
  /** Pairs that were out of reach for so long that a promotion may give the client up, and have not spoken since. */
  readonly #strangers = new Set<number>();
  /** Pairs whose replica gave the client up during a promotion, because it did not tell in time what it holds. */
  readonly #untold = new Set<number>();

  constructor(world: ReachWorld<Client, Server>, isCutBetween: (client: Client, server: Server) => boolean) {
    this.#world = world;
    this.#isCutBetween = isCutBetween;
  }

  /** Time has passed. */
  note(): void {
    const { clients, servers, nowMs } = this.#world;
    for (const client of clients) {
      for (const server of servers) {
        const key = pair(client, server);
        if (this.#isTooLong(nowMs - (this.#inReachMs[key] ?? nowMs))) this.#strangers.add(key);
        if (!this.#passes(client, server)) this.#sinceMs[key] = Number.POSITIVE_INFINITY;
        else if (this.#sinceMs[key] === Number.POSITIVE_INFINITY) this.#sinceMs[key] = nowMs;
        const forMs = nowMs - (this.#sinceMs[key] ?? 0);
        if (this.#lasts(forMs) || this.#inReachMs[key] === undefined) this.#inReachMs[key] = nowMs;
      }
    }
  }

  #passes(client: Client, server: Server): boolean {
    const link = client.links[server.index];
    if (link === undefined || !link.serverOpen || !client.runs || !server.runs) return false;
    // A frame that was sent and has not arrived is as good as cut off.
    if (this.#isCutBetween(client, server) || link.toServer.length > 0) return false;
    const { nowMs } = this.#world;
    return link.toServer.heldUntilMs <= nowMs && link.toClient.heldUntilMs <= nowMs;
  }

  /** Whether a time is long enough for a heartbeat to pass. Between two faults it may be too short. */
  #lasts(ms: number): boolean {
    return ms >= 0.3 * this.#world.plan.config.sessionMs;
  }

  /** sessionMs counts from the last heartbeat that arrived. Heartbeats come every quarter of it, and are sometimes late. */
  #isTooLong(ms: number): boolean {
    return ms >= 0.6 * this.#world.plan.config.sessionMs;
  }

  /** A frame of the client arrived: a promotion that has not decided yet waits for what the client holds. */
  heard(client: Indexed, server: Indexed): void {
    const key = pair(client, server);
    this.#strangers.delete(key);
    this.#heardMs[key] = this.#world.nowMs;
    this.#inReachMs[key] = this.#world.nowMs;
  }

  lastHeardMs(client: Indexed, server: Indexed): number {
    return this.#heardMs[pair(client, server)] ?? Number.NEGATIVE_INFINITY;
  }

  /** A promotion of the replica gave the client up, although it was heard. */
  gaveUp(client: Indexed, server: Indexed): void {
    this.#untold.add(pair(client, server));
  }

  /** The promotion has decided. */
  decided(): void {
    this.#untold.clear();
  }

  /**
   * Whether a promotion of this replica may give the client up: nothing could pass between them for too long, or the
   * client did not tell in time what it holds.
   */
  isOutOfReach(client: Indexed, server: Indexed): boolean {
    const key = pair(client, server);
    return this.#strangers.has(key) || this.#untold.has(key);
  }
}

/** Numbers two hosts. */
export const pair = (from: Indexed, to: Indexed): number => from.index * HOSTS_MAX + to.index;
