import { READS } from '../../plan/plan.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/**
 * A client reaches only the backups, and slowly. The primary ends its connection while one of its messages is still on
 * its way.
 */
export const expiredBeforeHeld: Drill = {
  name: 'expiredBeforeHeld',
  needs: (plan, choices) => ({
    ...undisturbed(plan),
    clients: 1,
    plainRate: 0,
    config: {
      ...plan.config,
      multicast: 'destination',
      release: 'concurrent',
      methods: READS,
      nullMessageMs: 5000,
      sessionMs: plan.config.leaseMs,
      sessionExpiryMs: choices.pick([1, 1.2]) * plan.config.leaseMs,
    },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    const { sessionExpiryMs } = world.plan.config;
    const [author] = world.clients;
    if (primary === undefined || author === undefined || !stage.settle()) return;
    const backups = stage.othersThan(primary);
    for (const backup of backups) stage.cut(author, backup, 'there');
    stage.holdReplies(primary, author, 20 * leaseMs);
    if (!stage.processed(primary, stage.call(author, false), leaseMs)) return;
    for (const server of world.servers) stage.breakSession(author, server);
    stage.cut(author, primary);
    stage.quietly(choices.between(0.6, 1.2) * sessionExpiryMs);
    // The backups hear that the client is there, and no more.
    for (const backup of backups) {
      stage.mend(author, backup);
      const heard = backup.status?.sessions ?? 0;
      stage.until(() => (backup.status?.sessions ?? 0) > heard, leaseMs / 4);
      stage.holdRequests(author, backup, 20 * leaseMs);
    }
    stage.quietly(choices.between(0.5, 1.2) * sessionExpiryMs);
    author.crash();
    stage.quietly(leaseMs);
    stage.heal();
  },
};
