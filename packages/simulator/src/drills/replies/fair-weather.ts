import type { Drill } from '../drill.js';

/** Nothing goes wrong for a while. How many messages everything then costs is part of the promise. */
export const fairWeather: Drill = {
  name: 'fairWeather',
  needs: (plan, choices) => ({
    ...plan,
    clients: Math.max(2, plan.clients),
    faults: [],
    handlerMs: 0,
    admits: false,
    plainRate: 0,
    config: { ...plan.config, multicast: choices.chance(0.7) ? 'destination' : 'direct' },
  }),
  play: (stage) => {
    const { world, choices, leaseMs } = stage;
    if (world.plan.stuck) return;
    // Whatever began before ends, and every replica has acknowledged what it heard as a member.
    if (!stage.quietly(2 * leaseMs, () => stage.isWhole)) return;
    const { record } = world.coordinator;
    stage.quietly(leaseMs);
    if (world.coordinator.record !== record || !stage.isWhole) return;
    stage.inFairWeather(() => {
      for (let calls = 5 + choices.below(15); calls > 0; calls--) {
        stage.call(stage.client, choices.chance(0.3));
        stage.quietly(choices.between(0, 60));
      }
    });
  },
};
