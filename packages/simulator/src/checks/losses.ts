import type { ConnectionId, OrderInfo } from '@understudy/core';
import type { ClientHost } from '../hosts/client-host.js';
import type { ServerHost } from '../hosts/server-host.js';
import type { Simulation } from '../simulation.js';
import { demand } from '../violation.js';

/** The process that a session belongs to. */
interface Speaker {
  readonly client: ClientHost;
  readonly process: number;
}

/**
 * What a group calls lost, so that an operator may give it up. DESIGN 3 knows one reason: a client with an unstable
 * request died, or was out of reach for sessionMs, together with the primary. What a live client retains is not lost.
 */
export class Losses {
  readonly #simulation: Simulation;
  readonly #speakers = new Map<ConnectionId, Speaker>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  sessionStarts(client: ClientHost): void {
    this.#speakers.set(client.connection, { client, process: client.process });
  }

  /** @param info what is known of the order that is called lost, by term */
  calledLost(server: ServerHost, hole: number, infos: readonly OrderInfo[]): void {
    const gone = this.#simulation.outOfReach(server);
    const isExcused = infos.length === 0 ? gone.size > 0 : infos.some((info) => this.#isGone(info, gone));
    demand(isExcused, () => {
      const whose = infos.map(({ term, connection, seqNum }) => `${connection}#${seqNum} of term ${term}`);
      return `${server.name} calls order ${hole} lost (${whose.join(', ')}), but whoever retains it is there`;
    });
  }

  /** Its session ended, its process died, or it was out of reach for so long. */
  #isGone({ connection }: OrderInfo, gone: ReadonlySet<number>): boolean {
    const speaker = this.#speakers.get(connection);
    if (speaker === undefined) return false;
    const { client, process } = speaker;
    return gone.has(process) || !client.alive || client.connection !== connection;
  }
}
