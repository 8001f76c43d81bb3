import type { Drill } from '../drill.js';

/**
 * A reply is on its way for longer than sessionMs, and so is everything that its client says to the backups. The
 * primary told no backup of the order, so its successor goes on without it.
 */
export const lateReply: Drill = {
  name: 'lateReply',
  needs: (plan, choices) => ({
    ...plan,
    servers: choices.pick([2, 3]),
    clients: Math.max(2, plan.clients),
    handlerMs: Math.min(20, plan.handlerMs),
    config: { ...plan.config, release: 'concurrent' },
  }),
  play: (stage) => {
    const { world, choices, primary, sessionMs, leaseMs } = stage;
    const [client] = world.clients;
    if (primary === undefined || client === undefined) return;
    stage.quietly(choices.between(0.5, 1) * leaseMs);
    const ms = choices.between(0.9, 1.6) * sessionMs;
    // Acknowledgments from before may be as late as the reply.
    const late = choices.chance(0.5);
    const backups = stage.othersThan(primary);
    for (const backup of backups) {
      stage.cut(primary, backup, 'there');
      stage.cut(client, backup, late ? 'there' : 'both');
      if (late) stage.holdReplies(backup, client, ms);
    }
    const { processedUpTo = 0 } = primary.status ?? {};
    world.applications.call(client, false);
    if (!stage.until(() => (primary.status?.processedUpTo ?? 0) > processedUpTo)) return;
    stage.holdReplies(primary, client, ms);
    if (choices.chance(0.5)) primary.withoutCoordinatorUntilMs = world.nowMs + 2 * sessionMs;
    else primary.crash();
    stage.pass(1.7 * sessionMs);
    stage.heal();
  },
};
