import { type ConnectionId, type OrderInfo, seqNumOf } from '@understudy/core';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Simulation } from '../simulation.js';
import { demand } from '../violation.js';

/** The process that a session belongs to. */
interface Speaker {
  readonly client: ClientHost;
  readonly process: number;
}

/** A backup gives a session up after sessionMs more drift; its clock, and a tick, may take that much longer. */
const SILENCE_FACTOR = 1.2;

/**
 * What a group calls lost, so that an operator may give it up. DESIGN 3 knows one reason: a client with an unstable
 * request died, or was out of reach for sessionMs, together with the primary. What a live client retains is not lost.
 */
export class Losses {
  readonly #simulation: Simulation;
  readonly #speakers = new Map<ConnectionId, Speaker>();
  /** When an order first left the primary for a session, by what it says. */
  readonly #leftMs = new Map<string, number>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  sessionStarts(client: ClientHost): void {
    this.#speakers.set(client.connection, { client, process: client.process });
  }

  left(orders: readonly OrderInfo[]): void {
    for (const info of orders) {
      const key = keyOf(info);
      if (!this.#leftMs.has(key)) this.#leftMs.set(key, this.#simulation.nowMs);
    }
  }

  /** @param infos what is known of the order that is called lost, by term */
  calledLost(server: ServerHost, hole: number, infos: readonly OrderInfo[]): void {
    const gone = this.#simulation.outOfReach(server);
    const isExcused = infos.length === 0 ? gone.size > 0 : infos.some((info) => this.#isGone(server, info, gone));
    demand(isExcused, () => {
      const whose = infos.map((info) => `${info.connection}#${seqNumOf(info)} of term ${info.term}`);
      return `${server.name} calls order ${hole} lost (${whose.join(', ')}), and no client took it along`;
    });
  }

  /** Its session ended, its process died, or it was out of reach for so long; but not long before the order left. */
  #isGone(server: ServerHost, info: OrderInfo, gone: ReadonlySet<number>): boolean {
    const speaker = this.#speakers.get(info.connection);
    if (speaker === undefined) return false;
    const { client, process } = speaker;
    if (!client.alive || client.connection !== info.connection || client.process !== process) return true;
    return gone.has(process) && !this.#wasSilentBefore(client, server, this.#leftMs.get(keyOf(info)));
  }

  /**
   * A primary that holds its lease has heard what a backup said a lease ago. Whom that one had given up by then, nobody
   * relies on.
   */
  #wasSilentBefore(client: ClientHost, server: ServerHost, leftMs: number | undefined): boolean {
    const { plan, network } = this.#simulation;
    // To a process that stood still nobody was silent.
    if (leftMs === undefined || plan.faults.includes('serverPause')) return false;
    const { sessionMs, leaseMs } = plan.config;
    return leftMs - network.lastHeardMs(client, server) > SILENCE_FACTOR * sessionMs + leaseMs;
  }
}

const keyOf = ({ term, orderNum }: OrderInfo): string => `${term}/${orderNum}`;
