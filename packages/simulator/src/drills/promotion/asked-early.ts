import type { Drill } from '../drill.js';

/**
 * A primary that was deposed without hearing of it goes on ordering. A client that knows better asks the successor
 * before the successor serves, and with the same frame the old primary. The order that the old primary gives reaches
 * the successor through another client.
 */
export const askedEarly: Drill = {
  name: 'askedEarly',
  needs: (plan, choices) => ({
    ...plan,
    servers: choices.pick([2, 3]),
    clients: Math.max(2, plan.clients),
    config: { ...plan.config, multicast: 'destination', release: 'acknowledged' },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    const [asker, witness] = world.clients;
    if (primary === undefined || asker === undefined || witness === undefined) return;
    stage.quietly(choices.between(0.3, 0.6) * leaseMs);
    for (const other of stage.othersThan(primary)) {
      stage.cut(primary, other);
      stage.cut(other, witness, 'there');
    }
    primary.withoutCoordinatorUntilMs = world.nowMs + 4 * leaseMs;
    if (stage.successor(3 * leaseMs) === undefined) return;
    stage.quietly(choices.between(0, 0.3) * leaseMs);
    for (let i = choices.below(3); i >= 0; i--) world.applications.call(asker, false);
    stage.quietly(choices.between(0.05, 0.3) * leaseMs);
    for (let i = choices.below(2); i >= 0; i--) world.applications.call(witness, false);
    stage.quietly(choices.between(0.1, 0.5) * leaseMs);
    stage.heal();
  },
};
