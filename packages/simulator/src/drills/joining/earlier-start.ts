import type { Drill } from '../drill.js';

/**
 * What a joining replica said about its first checkpoint arrives after it was sent a second one. Then only that replica
 * is left, without the second checkpoint.
 */
export const earlierStart: Drill = {
  name: 'earlierStart',
  needs: (plan) => ({
    ...plan,
    servers: 3,
    faults: [],
    stuck: false,
    admits: false,
    handlerMs: 0,
    plainRate: 0,
    config: { ...plan.config, batchMs: 0, sessionMs: 6000, sessionExpiryMs: 60_000 },
  }),
  play: (stage) => {
    const { world, choices, primary, client, leaseMs } = stage;
    if (primary === undefined || !stage.settle()) return;
    const [backup, third] = stage.othersThan(primary);
    if (backup === undefined || third === undefined) return;
    stage.answered(stage.call(client, false), leaseMs);
    third.crash();
    const inSync = () => world.coordinator.record?.inSync.length ?? 0;
    if (!stage.quietly(4 * leaseMs, () => inSync() === 2)) return;
    stage.quietly(leaseMs);
    third.start();
    if (!stage.until(() => (third.status?.heldUpTo ?? 0) > 0, leaseMs)) return;
    stage.delay(third, primary, choices.between(0.3, 0.45) * leaseMs);
    stage.quietly(0.2 * leaseMs);
    stage.cut(client, third);
    if (!stage.answered(stage.call(client, false), 0.1 * leaseMs)) return;
    const first = primary.peerLinks[third.index];
    first?.break();
    const again = () => ![undefined, first].includes(primary.peerLinks[third.index]);
    if (!stage.until(again, leaseMs)) return;
    stage.hold(primary, third, 4 * leaseMs);
    if (stage.quietly(leaseMs, () => inSync() === 3)) {
      primary.crash();
      backup.crash();
      stage.quietly(4 * leaseMs);
    }
    stage.heal();
  },
};
