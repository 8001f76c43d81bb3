import type { Drill } from '../drill.js';

/**
 * Only one backup heard of the last orders, and nobody hears that backup when another one takes over without it. It is
 * back when the decision has fallen.
 */
export const silentBackup: Drill = {
  name: 'silentBackup',
  needs: (plan, choices) => ({
    ...plan,
    servers: 3,
    clients: choices.pick([1, 2]),
    config: { ...plan.config, replication: choices.chance(0.8) ? 'semi-active' : 'passive' },
  }),
  play: (stage) => {
    const { world, choices, primary, client, leaseMs, sessionMs } = stage;
    if (primary === undefined) return;
    const [successor, silent] = choices.chance(0.5) ? stage.othersThan(primary) : stage.othersThan(primary).reverse();
    if (successor === undefined || silent === undefined) return;
    stage.cut(primary, successor);
    stage.cut(successor, silent);
    for (const session of world.clients) stage.cut(session, successor);
    silent.withoutCoordinatorUntilMs = world.nowMs + 4 * sessionMs;
    for (let i = choices.below(3); i >= 0; i--) world.applications.call(client, false);
    stage.quietly(choices.between(0.1, 0.6) * leaseMs);
    primary.crash();
    if (choices.chance(0.3)) client.crash();
    stage.decidingSuccessor();
    stage.heal();
    successor.withoutCoordinatorUntilMs = 0;
    silent.withoutCoordinatorUntilMs = 0;
    stage.pass(choices.between(0.2, 1) * leaseMs);
  },
};
