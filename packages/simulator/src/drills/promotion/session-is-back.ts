import type { Drill } from '../drill.js';

/**
 * Only the client knows of its last orders, and it was silent for so long that the successor no longer relies on it. It
 * is back while the successor still waits for another session, and hears the question late.
 */
export const sessionIsBack: Drill = {
  name: 'sessionIsBack',
  needs: (plan, choices) => ({
    ...plan,
    servers: choices.pick([2, 3]),
    clients: choices.pick([2, 2, 3]),
    handlerMs: Math.min(20, plan.handlerMs),
    config: { ...plan.config, release: 'concurrent', sessionMs: 900, sessionExpiryMs: 60_000 },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs, sessionMs } = stage;
    const [client, ...others] = world.clients;
    if (primary === undefined || client === undefined) return;
    stage.quietly(choices.between(0.3, 1) * leaseMs);
    const backups = stage.othersThan(primary);
    for (const backup of backups) {
      stage.cut(primary, backup, 'there');
      stage.cut(client, backup);
    }
    const silentSinceMs = world.nowMs;
    for (let i = choices.below(3); i >= 0; i--) world.applications.call(client, false);
    stage.quietly(choices.between(0.1, 0.6) * leaseMs);
    primary.crash();
    stage.quietly(choices.between(0.1, 0.3) * sessionMs);
    for (const backup of backups) for (const other of others) stage.cut(other, backup);
    const backMs = silentSinceMs + choices.between(1.02, 1.25) * sessionMs;
    stage.quietly(backMs - world.nowMs);
    stage.heal();
    for (const backup of backups) {
      stage.cut(backup, client, 'there');
      for (const other of others) stage.cut(other, backup);
    }
    stage.quietly(choices.between(0.02, 0.1) * sessionMs);
    stage.heal();
    if (choices.chance(0.8)) for (const backup of backups) stage.cut(backup, client, 'there');
    stage.quietly(choices.between(0.1, 0.5) * leaseMs);
    stage.heal();
  },
};
