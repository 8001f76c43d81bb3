import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';
import { returning } from './returning.js';

/**
 * The acknowledgment of a joining replica for its first checkpoint arrives after it was sent a second one. Then only
 * that replica is left, without the second checkpoint.
 */
export const earlierStart: Drill = {
  name: 'earlierStart',
  needs: (plan) => ({
    ...undisturbed(plan),
    servers: 3,
    plainRate: 0,
    config: { ...plan.config, batchMs: 0, sessionMs: 6000, sessionExpiryMs: 60_000 },
  }),
  play: (stage) => {
    const { world, choices, primary, client, leaseMs } = stage;
    if (primary === undefined || !stage.settle()) return;
    const replicas = returning(stage, primary, client);
    if (replicas === undefined) return;
    const { backup, third } = replicas;
    stage.delay(third, primary, choices.between(0.3, 0.45) * leaseMs);
    stage.quietly(0.2 * leaseMs);
    stage.cut(client, third);
    if (!stage.answered(stage.call(client, false), 0.1 * leaseMs)) return;
    const first = primary.peerLinks[third.index];
    first?.break();
    const again = () => ![undefined, first].includes(primary.peerLinks[third.index]);
    if (!stage.until(again, leaseMs)) return;
    stage.hold(primary, third, 4 * leaseMs);
    if (stage.quietly(leaseMs, () => world.coordinator.record?.inSync.length === 3)) {
      primary.crash();
      backup.crash();
      stage.quietly(4 * leaseMs);
    }
    stage.heal();
  },
};
