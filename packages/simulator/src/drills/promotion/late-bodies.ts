import type { Drill } from '../drill.js';

/**
 * The backups know the order of messages whose bodies are held up between client and backups. The primary dies, and the
 * client is given up. The bodies arrive while the successor's decision is on its way into the record.
 */
export const lateBodies: Drill = {
  name: 'lateBodies',
  needs: (plan, choices) => ({
    ...plan,
    servers: 3,
    clients: choices.pick([1, 1, 2]),
    plainRate: 0,
    config: {
      ...plan.config,
      // Passive backups process nothing, so they cannot process anything too early.
      replication: choices.chance(0.8) ? 'semi-active' : 'passive',
    },
  }),
  play: (stage) => {
    const { world, choices, primary, client, leaseMs } = stage;
    if (primary === undefined) return;
    for (const other of stage.othersThan(primary)) {
      stage.cut(client, other, 'there');
      stage.cut(other, primary, 'there');
    }
    for (let i = choices.below(3); i >= 0; i--) world.applications.call(client, false);
    stage.quietly(choices.between(0.1, 0.6) * leaseMs);
    primary.crash();
    const successor = stage.decidingSuccessor();
    if (successor === undefined) return;
    if (choices.chance(0.7)) stage.heal();
    // The other backups' frames may be as late as the decision that they hear.
    for (const other of stage.othersThan(successor)) {
      if (choices.chance(0.7)) stage.cut(other, successor, 'there');
      if (choices.chance(0.7)) stage.hold(successor, other, choices.between(0.2, 0.9) * leaseMs);
    }
    stage.quietly(choices.between(0.1, 0.5) * leaseMs);
    successor.withoutCoordinatorUntilMs = 0;
    stage.pass(choices.between(0.1, 0.6) * leaseMs);
    stage.heal();
  },
};
