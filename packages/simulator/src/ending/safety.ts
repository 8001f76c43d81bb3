import type { Simulation } from '../simulation.js';

/** The world stands still, in the middle of everything: whatever the group said until now must be true already. */
export function checkSafety(simulation: Simulation): void {
  const { coordinator, watch, history, plan } = simulation;
  if (coordinator.record !== undefined) watch.compareAll(coordinator.record);
  history.judge(plan.workload, plan.config.release === 'concurrent');
}
