import { READS } from '../../plan/plan.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';
import { returning } from './returning.js';

/**
 * A replica joins while replies leave whose orders no backup has acknowledged yet, to a client that has not reached the
 * replica yet. Then only that replica is left.
 */
export const earlyEntry: Drill = {
  name: 'earlyEntry',
  needs: (plan) => ({
    ...undisturbed(plan),
    servers: 3,
    config: {
      ...plan.config,
      release: 'concurrent',
      methods: READS,
      batchMs: 0,
      sessionMs: 6000,
      sessionExpiryMs: 60_000,
    },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    const [caller] = world.clients;
    if (primary === undefined || caller === undefined || !stage.settle()) return;
    const replicas = returning(stage, primary, caller, (third) => stage.cut(caller, third));
    if (replicas === undefined) return;
    const { backup, third } = replicas;
    // Its answer to the checkpoint is on its way while replies leave.
    stage.delay(third, primary, choices.between(0.25, 0.42) * leaseMs);
    // It hears a heartbeat, and its acknowledgment comes late, too.
    stage.quietly(0.2 * leaseMs);
    stage.delay(backup, primary, 0.9 * leaseMs);
    stage.delay(primary, third, 0.9 * leaseMs);
    for (let calls = 1 + choices.below(3); calls > 0; calls--) stage.call(caller, false);
    stage.quietly(choices.between(0.45, 0.85) * leaseMs);
    primary.crash();
    backup.crash();
    // It takes over before it hears of the caller, which was out of reach only for a moment.
    stage.quietly(4 * leaseMs, () => stage.primary === third);
    stage.heal();
  },
};
