import type { Drill } from '../drill.js';

/**
 * Frames of a primary to one backup arrive when another replica is primary and the history has gone on without them.
 */
export const oldFrames: Drill = {
  name: 'oldFrames',
  needs: (plan, choices) => ({
    ...plan,
    servers: 3,
    clients: Math.max(2, plan.clients),
    handlerMs: Math.min(20, plan.handlerMs),
    config: { ...plan.config, multicast: choices.chance(0.8) ? 'direct' : plan.config.multicast },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs, sessionMs } = stage;
    const [author] = world.clients;
    if (primary === undefined || author === undefined) return;
    stage.quietly(leaseMs);
    const [late, cut] = choices.chance(0.5) ? stage.othersThan(primary) : stage.othersThan(primary).reverse();
    if (late === undefined || cut === undefined) return;
    stage.cut(primary, cut, 'there');
    for (const server of [late, cut]) if (choices.chance(0.8)) stage.cut(author, server, 'there');
    const link = stage.hold(primary, late, 10 * sessionMs);
    const sent = stage.call(author, false);
    stage.processed(primary, sent, leaseMs);
    stage.quietly(choices.between(10, 100));
    // The primary's process stays alive, so what it sent stays on its way.
    primary.withoutCoordinatorUntilMs = world.nowMs + 3 * sessionMs;
    stage.cut(primary, late, 'there');
    world.network.cut(late, primary);
    world.network.cut(cut, primary);
    const serves = () => [late, cut].some(({ runs, status }) => runs && status?.role === 'primary');
    if (!stage.quietly(2 * sessionMs, serves)) return;
    stage.call(choices.pick(world.clients), false);
    stage.quietly(choices.between(0, leaseMs));
    world.network.healCuts();
    if (link !== undefined) stage.letThrough(link.toPeer, choices.below(link.toPeer.length + 1));
    stage.pass(choices.between(0, 2) * leaseMs);
    if (link !== undefined) link.toPeer.heldUntilMs = 0;
    stage.heal();
  },
};
