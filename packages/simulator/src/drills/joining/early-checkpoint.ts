import { READS } from '../../plan/plan.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/** The primary copies its state after a message whose body no backup has, and dies together with the client that has it. */
export const earlyCheckpoint: Drill = {
  name: 'earlyCheckpoint',
  needs: (plan, choices) => ({
    ...undisturbed(plan),
    servers: choices.pick([2, 3]),
    clients: Math.max(2, plan.clients),
    config: {
      ...plan.config,
      replication: 'passive',
      release: 'concurrent',
      methods: READS,
      batchMs: 0,
      checkpointEvery: 1,
    },
  }),
  play: (stage) => {
    const { choices, primary, client, leaseMs } = stage;
    if (primary === undefined || !stage.settle()) return;
    const backups = stage.othersThan(primary);
    for (const backup of backups) {
      stage.cut(client, backup);
      // No backup can ask for the body.
      stage.cut(backup, primary, 'there');
    }
    for (let calls = 1 + choices.below(2); calls > 0; calls--) stage.call(client, false);
    stage.quietly(choices.between(0.05, 0.5) * leaseMs);
    primary.crash();
    client.crash();
    stage.quietly(4 * leaseMs);
    stage.heal();
  },
};
