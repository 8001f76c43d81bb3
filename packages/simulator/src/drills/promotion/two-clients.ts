import type { ClientHost } from '../../hosts/client/client-host.js';
import type { ServerHost } from '../../hosts/replica/server-host.js';
import type { Plan } from '../../plan/plan.js';
import type { Stage } from '../stage.js';
import { undisturbed } from '../undisturbed.js';

/** The plan of drills in which the calls of one client meet what another one has heard. */
export const withTwoClients = (plan: Plan): Plan => ({
  ...undisturbed(plan),
  clients: Math.max(2, plan.clients),
  plainRate: 0,
});

/** The cast of such a drill: the client whose call it is about, another, and the primary. */
export interface TwoClients {
  readonly primary: ServerHost;
  readonly author: ClientHost;
  readonly other: ClientHost;
}

/** Begins such a drill. @returns undefined where the run went another way */
export function twoClients(stage: Stage): TwoClients | undefined {
  const { world, primary } = stage;
  const [author, other] = world.clients;
  if (primary === undefined || author === undefined || other === undefined || !stage.settle()) return undefined;
  return { primary, author, other };
}
