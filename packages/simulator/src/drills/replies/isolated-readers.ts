import type { ClientHost } from '../../hosts/client/client-host.js';
import type { ServerHost } from '../../hosts/replica/server-host.js';
import type { Drill } from '../drill.js';
import type { Stage } from '../stage.js';

/**
 * The other replicas no longer hear the primary, but somebody still asks it: a client without our interceptor, or a
 * session that was cut off from the backups for so long that no promotion waits for it. Another replica takes over as
 * soon as it may, and answers a write. A read at the old primary would then be too old.
 */
export const isolatedReaders: Drill = {
  name: 'isolatedReaders',
  needs: (plan, choices) => ({
    ...plan,
    servers: choices.pick([2, 3]),
    clients: Math.max(2, plan.clients),
    handlerMs: choices.pick([0, 0, 20]),
    stuck: false,
    plainRate: 0,
    timeRate: 0.05,
    coordinatorLoss: 0,
  }),
  play: (stage) => {
    const { world, choices, leaseMs } = stage;
    const { primary } = stage;
    if (primary === undefined) return;
    const others = stage.othersThan(primary);
    const [reader, ...writers] = world.clients;
    const plainly = choices.chance(0.5);
    if (!plainly && reader !== undefined) leaveBackups(stage, reader, others);
    if (!stage.quietly(2 * leaseMs, () => isAtRest(stage, primary))) return;
    primary.withoutCoordinatorUntilMs = world.nowMs + 4 * leaseMs;
    // Acknowledgments from before the cut may arrive much later.
    const links = others.flatMap((other) => stage.hold(other, primary, 4 * leaseMs) ?? []);
    stage.quietly(choices.between(0, 0.4) * leaseMs);
    for (const other of others) stage.cut(primary, other, 'there');
    const successor = () => others.find(({ runs, status }) => runs && status?.role === 'primary');
    if (!stage.quietly(3 * leaseMs, () => successor() !== undefined)) return;
    for (const writer of writers) if (choices.chance(0.7)) world.applications.call(writer, false);
    stage.quietly(choices.between(0, 0.2) * leaseMs);
    for (const link of links) stage.letThrough(link.toPeer, choices.below(link.toPeer.length + 1));
    if (plainly || reader === undefined) world.applications.readPlainly(primary);
    else world.applications.call(reader, true);
    stage.quietly(choices.between(0, 1) * leaseMs);
    stage.heal();
  },
};

/** Cuts a session off from the backups until none of them answers for it any more. */
function leaveBackups(stage: Stage, client: ClientHost, backups: readonly ServerHost[]): void {
  for (const backup of backups) stage.cut(client, backup);
  stage.quietly(1.1 * stage.sessionMs);
}

/** Every call was answered, and all replicas hold every order. */
function isAtRest({ world }: Stage, primary: ServerHost): boolean {
  const { status } = primary;
  if (status === undefined || status.stableUpTo < status.heldUpTo) return false;
  return world.clients.every(({ busy }) => !busy);
}
