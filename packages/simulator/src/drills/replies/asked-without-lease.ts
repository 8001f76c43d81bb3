import { READS } from '../../plan/plan.js';
import { demand } from '../../violation.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/**
 * A session that hears nothing of a backup holds a reply back. On its next link it asks for the reply while the primary
 * has no lease. The lease is back before the order is stable, since the backup lacks the body. The reply must leave
 * once it is.
 */
export const askedWithoutLease: Drill = {
  name: 'askedWithoutLease',
  needs: (plan) => ({
    ...undisturbed(plan),
    servers: 2,
    config: {
      ...plan.config,
      release: 'concurrent',
      multicast: 'direct',
      methods: READS,
      batchMs: 0,
      sessionMs: 6000,
      sessionExpiryMs: 60_000,
      stallMs: 60_000,
    },
  }),
  play: (stage) => {
    const { world, choices, client, leaseMs } = stage;
    if (!stage.settle() || !stage.settle()) return;
    const { primary } = stage;
    const [backup] = primary === undefined ? [] : stage.othersThan(primary);
    if (primary === undefined || backup === undefined) return;
    // Nobody is removed meanwhile.
    for (const server of world.servers) server.withoutCoordinatorUntilMs = world.nowMs + 6 * leaseMs;
    stage.breakSession(client, backup);
    if (!stage.until(() => client.links[backup.index] === undefined, leaseMs)) return;
    stage.cut(client, backup);
    stage.delay(backup, primary, 1.5 * leaseMs);
    const operation = stage.call(client);
    if (!stage.processed(primary, operation, 15)) return;
    stage.quietly(choices.between(1, 10));
    stage.breakSession(client, primary);
    if (!stage.until(() => client.links[primary.index] === undefined, 15)) return;
    stage.cut(client, primary);
    stage.quietly(1.1 * leaseMs);
    stage.heal();
    stage.cut(client, backup);
    stage.quietly(1.2 * leaseMs, () => operation?.state !== 'open');
    demand(
      primary.status?.role !== 'primary' || !client.alive || operation?.state !== 'open',
      () => `${operation?.name} is stable, and ${client.name} does not get its reply`,
    );
    stage.heal();
  },
};
