import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/**
 * A call was processed, and its client never heard of it. When the client is back and asks again, its records have been
 * freed.
 */
export const expiredRetry: Drill = {
  name: 'expiredRetry',
  needs: (plan, choices) => ({
    ...undisturbed(plan),
    clients: Math.max(2, plan.clients),
    config: { ...plan.config, sessionMs: 300, sessionExpiryMs: choices.pick([300, 400]), stallMs: 60_000 },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    const [sleeper] = world.clients;
    if (primary === undefined || sleeper === undefined || !stage.settle()) return;
    const operation = stage.call(sleeper, false);
    for (const server of world.servers) stage.holdReplies(server, sleeper, 10 * leaseMs);
    if (!stage.processed(primary, operation, leaseMs)) return;
    for (const server of world.servers) {
      stage.cut(sleeper, server);
      stage.breakSession(sleeper, server);
    }
    // The session ends after the first such time; its records are freed after the second.
    stage.quietly(2 * world.plan.config.sessionExpiryMs + choices.between(50, 300));
    stage.heal();
    stage.quietly(leaseMs);
  },
};
