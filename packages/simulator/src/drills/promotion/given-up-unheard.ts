import type { Drill } from '../drill.js';

/**
 * A backup gives a session up, and the link breaks on which it says so. Others see what that session sends then; and
 * the primary dies.
 */
export const givenUpUnheard: Drill = {
  name: 'givenUpUnheard',
  needs: (plan, choices) => ({
    ...plan,
    servers: 2,
    clients: Math.max(2, plan.clients),
    handlerMs: Math.min(20, plan.handlerMs),
    config: { ...plan.config, release: choices.chance(0.8) ? 'concurrent' : plan.config.release },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs, sessionMs } = stage;
    if (primary === undefined) return;
    const [author, witness] = world.clients;
    const [backup] = stage.othersThan(primary);
    if (author === undefined || witness === undefined || backup === undefined) return;
    stage.cut(author, backup);
    stage.breakSession(author, backup);
    const silentMs = () => world.nowMs - world.network.reach.lastHeardMs(author, backup);
    stage.quietly(2 * sessionMs, () => silentMs() > sessionMs);
    const link = stage.hold(backup, primary, leaseMs);
    stage.quietly(0.12 * sessionMs);
    link?.break();
    stage.quietly(choices.between(0.5, 1.5) * leaseMs);
    stage.cut(primary, backup, 'there');
    stage.processed(primary, stage.call(author, false), leaseMs / 3);
    stage.answered(stage.call(witness, choices.chance(0.5)), leaseMs / 3);
    primary.crash();
    stage.quietly(choices.between(1, 2) * leaseMs);
    stage.heal();
  },
};
