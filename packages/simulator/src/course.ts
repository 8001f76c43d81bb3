import { drillNamed } from './drills/index.js';
import { Stage } from './drills/stage.js';
import { checkSafety } from './ending/safety.js';
import { type Ending, settle } from './ending/settle.js';
import { blockMain, cutOrMendThreads } from './faults/blocks.js';
import { injectFault } from './faults/inject.js';
import { stray } from './faults/misdeeds.js';
import type { ThreadPlan } from './plan/plan.js';
import type { Simulation } from './simulation.js';

/**
 * Plays a run to its end: first calls, faults and other acts as drawn, then the check of safety, then that of liveness.
 *
 * @throws Violation, or whatever a core throws
 */
export function play(simulation: Simulation): Ending {
  simulation.boot();
  const { plan, choices, applications, callee } = simulation;
  const drillAt = plan.drill === undefined ? -1 : choices.below(plan.steps);
  for (let i = 0; i < plan.steps; i++) {
    if (simulation.stirUntilMs > 0) stir(simulation);
    if (i === drillAt) playDrill(simulation);
    if (choices.chance(0.08)) applications.callSomething();
    if (plan.faults.length > 0 && choices.chance(plan.faultRate)) injectFault(simulation, choices.pick(plan.faults));
    if (plan.nested !== undefined && choices.chance(plan.nested.trouble)) callee?.trouble();
    if (plan.digests !== undefined && choices.chance(plan.digests.strays)) stray(simulation);
    if (plan.threads !== undefined) disturbThreads(simulation, plan.threads);
    simulation.step();
  }
  checkSafety(simulation);
  return settle(simulation);
}

function disturbThreads(simulation: Simulation, { blocks, blockMs, cuts }: ThreadPlan): void {
  const { choices, threadLinks } = simulation;
  if (choices.chance(blocks)) blockMain(simulation, choices.between(0.1, 1) * blockMs);
  if (threadLinks !== undefined && choices.chance(cuts)) cutOrMendThreads(simulation, threadLinks);
}

function playDrill(simulation: Simulation): void {
  const { drill = '' } = simulation.plan;
  simulation.fault([], `drill: ${drill}`);
  drillNamed(drill)?.play(new Stage(simulation));
}

/** Time passes while some processes are cut off. Then, half of the time, the cuts heal. */
function stir(simulation: Simulation): void {
  const { choices, network } = simulation;
  simulation.elapse(simulation.stirUntilMs - simulation.nowMs);
  simulation.stirUntilMs = 0;
  if (choices.chance(0.5)) return;
  simulation.fault([], 'cuts heal');
  network.healCuts();
}
