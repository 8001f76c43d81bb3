import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/**
 * A call is made again under its key at a replica that was not there the first time: it knows of the call only from a
 * checkpoint.
 */
export const keyedLearner: Drill = {
  name: 'keyedLearner',
  needs: (plan) => ({
    ...undisturbed(plan),
    servers: 2,
    config: { ...plan.config, stallMs: 60_000 },
  }),
  play: (stage) => {
    const { world, choices, primary: first, leaseMs, sessionMs } = stage;
    if (first === undefined || !stage.settle()) return;
    const [second] = stage.othersThan(first);
    if (second === undefined) return;
    // The caller gets no reply, since its order is not known to be stable; then the replica that it called is gone.
    stage.delay(second, first, 0.9 * leaseMs);
    world.applications.callWithKey(first);
    stage.quietly(choices.between(0.1, 0.5) * leaseMs);
    first.crash();
    if (!stage.quietly(3 * sessionMs, () => stage.primary === second)) return;
    first.start();
    if (!stage.quietly(4 * leaseMs, () => stage.isWhole)) return;
    stage.quietly(leaseMs);
    second.crash();
    if (!stage.quietly(3 * sessionMs, () => stage.primary === first)) return;
    world.applications.retryWithKey(first);
    stage.quietly(leaseMs);
  },
};
