import { type ConnectionId, type OrderInfo, seqNumOf } from '@understudy/core/internal';
import type { Plan } from '../plan/plan.js';
import { demand } from '../violation.js';

/** A client, with the state by which losses are judged. */
export interface LossClient {
  readonly index: number;
  readonly alive: boolean;
  readonly connection: ConnectionId;
  readonly process: number;
}

export interface LossServer {
  readonly name: string;
  readonly index: number;
}

export interface LossesWorld {
  readonly nowMs: number;
  readonly plan: Pick<Plan, 'config' | 'faults'>;
  readonly network: { readonly reach: { lastHeardMs(client: LossClient, server: LossServer): number } };
  /** Client processes that a promotion of this replica may give up now. */
  outOfReach(server: LossServer): ReadonlySet<number>;
}

/** The client process that a session belongs to. */
interface Speaker {
  readonly client: LossClient;
  readonly process: number;
}

/**
 * A backup gives a session up after sessionMs, extended by the drift bound. Its clock and its ticks may add that much.
 */
const SILENCE_FACTOR = 1.2;

/**
 * Checks that a group calls an order lost, and so asks for an operator, only for the one reason that DESIGN 3 knows: a
 * client with an unstable request died, or was out of reach for sessionMs, together with the primary. What a live
 * client retains is not lost.
 */
export class Losses {
  readonly #world: LossesWorld;
  readonly #speakers = new Map<ConnectionId, Speaker>();
  /** By term and orderNum, when an order first left the primary for a session. */
  readonly #leftMs = new Map<string, number>();

  constructor(world: LossesWorld) {
    this.#world = world;
  }

  sessionStarts(client: LossClient): void {
    this.#speakers.set(client.connection, { client, process: client.process });
  }

  left(orders: readonly OrderInfo[]): void {
    for (const info of orders) {
      const key = keyOf(info);
      if (!this.#leftMs.has(key)) this.#leftMs.set(key, this.#world.nowMs);
    }
  }

  /** @param infos the known versions of the order that is called lost, one for each term */
  calledLost(server: LossServer, hole: number, infos: readonly OrderInfo[]): void {
    const gone = this.#world.outOfReach(server);
    const isExcused = infos.length === 0 ? gone.size > 0 : infos.some((info) => this.#isGone(server, info, gone));
    demand(isExcused, () => {
      const whose = infos.map((info) => `${info.connection}#${seqNumOf(info)} of term ${info.term}`);
      return `${server.name} calls order ${hole} lost (${whose.join(', ')}), and no client took it along`;
    });
  }

  /**
   * The session ended, its process died, or the process was out of reach for too long, but not since long before the
   * order left.
   */
  #isGone(server: LossServer, info: OrderInfo, gone: ReadonlySet<number>): boolean {
    const speaker = this.#speakers.get(info.connection);
    if (speaker === undefined) return false;
    const { client, process } = speaker;
    if (!client.alive || client.connection !== info.connection || client.process !== process) return true;
    return gone.has(process) && !this.#wasSilentBefore(client, server, this.#leftMs.get(keyOf(info)));
  }

  /**
   * A primary that holds its lease knows what its backups reported up to a lease ago, so it does not rely on sessions
   * that a backup had given up by then.
   */
  #wasSilentBefore(client: LossClient, server: LossServer, leftMs: number | undefined): boolean {
    const { plan, network } = this.#world;
    // A process that stood still took nobody for silent.
    if (leftMs === undefined || plan.faults.includes('serverPause')) return false;
    const { sessionMs, leaseMs } = plan.config;
    return leftMs - network.reach.lastHeardMs(client, server) > SILENCE_FACTOR * sessionMs + leaseMs;
  }
}

const keyOf = ({ term, orderNum }: OrderInfo): string => `${term}/${orderNum}`;
