import type { Drill } from '../drill.js';

/**
 * The order to free a silent session's records waits behind a slow handler. So do the calls of that session, which is
 * back.
 */
export const expiryComesLate: Drill = {
  name: 'expiryComesLate',
  needs: (plan, choices) => ({
    ...plan,
    clients: Math.max(2, plan.clients),
    stuck: false,
    admits: false,
    faults: [],
    config: { ...plan.config, sessionMs: 300, sessionExpiryMs: choices.pick([400, 600]), stallMs: 60_000 },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    const { sessionExpiryMs } = world.plan.config;
    const [sleeper, other] = world.clients;
    if (primary === undefined || sleeper === undefined || other === undefined) return;
    stage.answered(stage.call(sleeper, false), leaseMs);
    for (const server of world.servers) stage.cut(sleeper, server);
    // The session ends after the first such time; its records are freed after the second.
    stage.quietly(2 * sessionExpiryMs - choices.between(0, 100));
    primary.jobs.busyUntilMs = world.nowMs + choices.between(100, 400);
    stage.call(other, false);
    stage.quietly(choices.between(0, 300));
    stage.heal();
    stage.call(sleeper, false);
    stage.pass(leaseMs);
    primary.jobs.busyUntilMs = 0;
  },
};
