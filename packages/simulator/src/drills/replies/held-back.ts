import type { Drill } from '../drill.js';

/**
 * A session that lost its link to a backup may not deliver. It asks for stable replies while nothing becomes stable.
 */
export const heldBack: Drill = {
  name: 'heldBack',
  needs: (plan, choices) => ({
    ...plan,
    servers: choices.pick([2, 3]),
    handlerMs: Math.min(20, plan.handlerMs),
    config: { ...plan.config, release: choices.chance(0.8) ? 'concurrent' : plan.config.release },
  }),
  play: (stage) => {
    const { choices, primary, client, leaseMs } = stage;
    if (primary === undefined) return;
    const backup = choices.maybe(stage.othersThan(primary));
    if (backup === undefined) return;
    stage.cut(client, backup);
    stage.breakSession(client, backup);
    stage.quietly(choices.between(0, 0.5) * leaseMs);
    stage.cut(primary, backup, 'there');
    for (let calls = 1 + choices.below(3); calls > 0; calls--) stage.call(client, choices.chance(0.2));
    stage.quietly(choices.between(0.3, 1) * leaseMs);
    if (choices.chance(0.3)) primary.crash();
    stage.heal();
  },
};
