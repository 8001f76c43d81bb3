import type { Drill } from '../drill.js';

/**
 * A client and the primary die at one moment, with an order that no backup has heard of. Other clients may have seen
 * its effect: under `concurrent` they then hold the order; under `acknowledged` nobody saw it.
 */
export const seenByReaders: Drill = {
  name: 'seenByReaders',
  needs: (plan, choices) => ({
    ...plan,
    servers: choices.pick([2, 2, 3]),
    clients: Math.max(2, plan.clients),
    handlerMs: Math.min(20, plan.handlerMs),
    config: { ...plan.config, release: choices.pick(['concurrent', 'acknowledged']) },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    if (primary === undefined) return;
    const [author, reader] = world.clients;
    if (author === undefined || reader === undefined) return;
    // Everything before is known everywhere, so only the order itself could tell of it.
    stage.quietly(choices.below(2) * leaseMs);
    for (const backup of stage.othersThan(primary)) {
      stage.cut(primary, backup, 'there');
      if (choices.chance(0.3)) stage.cut(author, backup, 'there');
    }
    const hears = choices.chance(0.5);
    if (!hears) stage.cut(primary, author, 'there');
    const written = stage.call(author, false);
    if (hears) stage.answered(written, leaseMs / 3);
    else stage.processed(primary, written, leaseMs / 3);
    if (choices.chance(0.7)) stage.answered(stage.call(reader, true), leaseMs / 3);
    if (choices.chance(0.8)) author.crash();
    primary.crash();
    stage.heal();
  },
};
