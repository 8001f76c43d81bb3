import { READS } from '../../plan/plan.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/** A backup asks for a body. Before the answer comes the backup is primary, and the body's order has been cut. */
export const bodiesComeLate: Drill = {
  name: 'bodiesComeLate',
  needs: (plan) => ({
    ...undisturbed(plan),
    clients: Math.max(2, plan.clients),
    config: {
      ...plan.config,
      multicast: 'direct',
      release: 'concurrent',
      methods: READS,
      batchMs: 0,
      sessionExpiryMs: 60_000,
    },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    const [author] = world.clients;
    if (primary === undefined || author === undefined || !stage.settle()) return;
    const backups = stage.othersThan(primary);
    for (const backup of backups) stage.cut(author, backup, 'there');
    if (!stage.processed(primary, stage.call(author, false), leaseMs)) return;
    const lacksBody = () => backups.every(({ status }) => (status?.logLength ?? 0) > 0);
    if (!stage.until(lacksBody, leaseMs)) return;
    for (const backup of backups) stage.hold(primary, backup, choices.between(4, 8) * leaseMs);
    // The primary is asked, and its answer is on its way for long.
    stage.quietly(choices.between(20, 60));
    author.crash();
    // The client's links end everywhere, with or without what was on its way.
    for (const backup of backups) stage.mend(author, backup);
    stage.pause(primary, choices.between(4, 8) * leaseMs);
    stage.quietly(10 * leaseMs);
    stage.heal();
  },
};
