import { READS } from '../../plan/plan.js';
import type { Drill } from '../drill.js';
import { twoClients, withTwoClients } from './two-clients.js';

/**
 * A client has a reply of a term that was cut, and its message takes place once more: just when a checkpoint says that
 * everything up to that reply is done. Then the primary dies.
 */
export const checkpointCovers: Drill = {
  name: 'checkpointCovers',
  needs: (plan) => ({
    ...withTwoClients(plan),
    servers: 3,
    config: {
      ...plan.config,
      replication: 'passive',
      multicast: 'destination',
      release: 'concurrent',
      methods: READS,
      checkpointEvery: 1,
      stallMs: 60_000,
      sessionExpiryMs: 60_000,
    },
  }),
  play: (stage) => {
    const { world, choices, leaseMs, sessionMs } = stage;
    const cast = twoClients(stage);
    if (cast === undefined) return;
    const { primary, author, other } = cast;
    const backups = stage.othersThan(primary);
    for (const backup of backups) stage.holdRequests(author, backup, 60_000);
    const cut = stage.call(author, false);
    if (!stage.answered(cut, leaseMs)) return;
    for (const host of [...backups, other]) stage.cut(primary, host);
    primary.withoutCoordinatorUntilMs = world.nowMs + 60_000;
    const successor = stage.successor(3 * leaseMs);
    if (successor === undefined) return;
    if (!stage.quietly(3 * sessionMs, () => successor.status?.role === 'primary')) return;
    stage.processed(successor, stage.call(other, false), leaseMs);
    successor.jobs.busyUntilMs = world.nowMs + choices.between(20, 100);
    stage.call(other, false);
    stage.quietly(choices.between(1, 20));
    for (const backup of backups) stage.holdRequests(author, backup, 0);
    stage.quietly(choices.between(20, 200), () => cut !== undefined && successor.life.processed.includes(cut.name));
    stage.quietly(choices.between(0, 20));
    successor.crash();
    stage.quietly(2 * sessionMs);
    primary.withoutCoordinatorUntilMs = 0;
    stage.heal();
  },
};
