import type { Plan } from '../plan/plan.js';

/** The plan without anything that could keep a drill from playing as it is written: no faults, no slow handlers. */
export const undisturbed = (plan: Plan): Plan => ({ ...plan, faults: [], stuck: false, admits: false, handlerMs: 0 });
