import { checkPending } from '../../checks/pending.js';
import type { Drill } from '../drill.js';

/**
 * A client calls, and stands still before it hears of the orders. Only the other clients can carry them to the backups.
 */
export const pausedCaller: Drill = {
  name: 'pausedCaller',
  // The drill checks what happens at once, so nothing else may be in the way.
  needs: (plan, choices) => ({
    ...plan,
    faults: [],
    stuck: false,
    handlerMs: 0,
    servers: Math.max(2, plan.servers),
    clients: Math.max(2, plan.clients),
    config: {
      ...plan.config,
      multicast: 'destination',
      batchMs: 0,
      stallMs: 60_000,
      nullMessageMs: choices.pick([20, 200, 1000]),
    },
  }),
  play: (stage) => {
    const { client, choices, world } = stage;
    // Once in sync, every replica must acknowledge what it heard as a member: a primary without its lease sends
    // nothing.
    if (!stage.settle() || !stage.settle()) return;
    const { unstableMax } = world.plan.config;
    for (let calls = 1 + choices.below(unstableMax); calls > 0; calls--) stage.call(client);
    client.step({ kind: 'flush' });
    stage.pause(client, choices.between(0.05, 0.5) * stage.sessionMs);
    world.drain();
    if (stage.primary !== undefined) checkPending(stage.primary, world.plan.config.pendingSourceOrderMax);
  },
};
