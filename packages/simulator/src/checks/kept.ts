import type { ServerHost } from '../hosts/server-host.js';
import type { Simulation } from '../simulation.js';

/** DESIGN 7.8, when everything is stable: logs end, and no message is left that nobody will give an order. */
export const keepsLittle = (simulation: Simulation): boolean =>
  simulation.servers.every((server) => !server.alive || server.status === undefined || isTidy(server, server.status));

function isTidy(
  { simulation }: ServerHost,
  { role, logLength, unordered }: NonNullable<ServerHost['status']>,
): boolean {
  const { replication, unstableMax } = simulation.plan.config;
  // Who executes needs no log; who does not keeps what came after its checkpoint.
  if (logLength > (replication === 'passive' ? 3 * unstableMax : 0)) return false;
  // A promotion gives an order to whatever a session waits for, and voids the rest (DESIGN 5.6).
  return role !== 'primary' || unordered === 0;
}

export const describeKept = ({ servers }: Simulation): string =>
  servers.map(({ name, status }) => `${name} ${status?.logLength} and ${status?.unordered}`).join(', ');
