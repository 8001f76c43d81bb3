import type { Drill } from '../drill.js';

/**
 * A primary and a client die together with an order, so what came after it is voided. Two successors in a row learn of
 * that.
 */
export const keyIsFree: Drill = {
  name: 'keyIsFree',
  needs: (plan, choices) => ({
    ...plan,
    servers: 3,
    clients: Math.max(2, plan.clients),
    handlerMs: 0,
    admits: false,
    stuck: false,
    config: { ...plan.config, release: choices.chance(0.8) ? 'concurrent' : plan.config.release },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs, sessionMs } = stage;
    const [author] = world.clients;
    if (primary === undefined || author === undefined) return;
    stage.quietly(leaseMs);
    for (const backup of stage.othersThan(primary)) stage.cut(author, backup, 'there');
    const lost = stage.call(author, false);
    if (!stage.processed(primary, lost, leaseMs)) return;
    world.applications.callWithKey(primary);
    stage.quietly(choices.between(0, 0.2) * leaseMs);
    primary.crash();
    if (author.alive) author.crash();
    const second = () => world.servers.find(({ runs, status }) => runs && status?.role === 'primary');
    if (!stage.quietly(3 * sessionMs, () => second() !== undefined)) return;
    stage.quietly(choices.between(0, 2) * leaseMs);
    second()?.crash();
    if (!stage.quietly(3 * sessionMs, () => second() !== undefined)) return;
    const third = second();
    if (third !== undefined) world.applications.retryWithKey(third);
    stage.heal();
  },
};
