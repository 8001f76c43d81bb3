import type { ServerHost } from '../hosts/server-host.js';
import type { Simulation } from '../simulation.js';
import { demand } from '../violation.js';

/** Everything is stable: no replica keeps more than its next checkpoint will end (DESIGN 7.8). */
export const logsAreShort = ({ servers, plan }: Simulation): boolean =>
  servers.every(({ alive, status }) => {
    // Who executes needs no log; who does not keeps what came after its checkpoint.
    const { replication, unstableMax } = plan.config;
    return !alive || status === undefined || status.logLength <= (replication === 'passive' ? 3 * unstableMax : 0);
  });

export const describeLogs = ({ servers }: Simulation): string =>
  servers.map(({ name, status }) => `${name} ${status?.logLength}`).join(' ');

/** A promotion gives an order to whatever a session waits for, and voids the rest (DESIGN 5.6). */
export function checkUnordered({ name, status }: ServerHost): void {
  const unordered = status?.unordered ?? 0;
  demand(unordered === 0, () => `${name} is primary and keeps ${unordered} messages without an order`);
}
