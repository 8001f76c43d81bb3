import { READS } from '../../plan/plan.js';
import type { Drill } from '../drill.js';

/** A primary steps down while its backups lack an order that only a client knows, and that client dies. */
export const slowHandOver: Drill = {
  name: 'slowHandOver',
  needs: (plan, choices) => ({
    ...plan,
    servers: Math.max(2, plan.servers),
    clients: Math.max(2, plan.clients),
    readRate: 0.25,
    handlerMs: choices.pick([0, 20]),
    config: { ...plan.config, release: 'concurrent', methods: READS },
  }),
  play: (stage) => {
    const { primary, client, choices, leaseMs } = stage;
    if (primary === undefined) return;
    for (const other of stage.othersThan(primary)) stage.delay(primary, other, choices.between(0.2, 0.6) * leaseMs);
    for (let calls = 1 + choices.below(3); calls > 0; calls--) stage.call(client);
    stage.until(() => !client.busy);
    // The client dies before it can pass on what it knows.
    if (choices.chance(0.8)) client.crash();
    primary.stepDown();
    stage.pass(choices.between(0.1, 4) * leaseMs);
  },
};
