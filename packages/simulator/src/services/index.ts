import { bank } from './bank.js';
import { lists } from './lists.js';
import { registers } from './registers.js';
import type { Workload } from './workload.js';

/** What a run may ask of its group. */
export const WORKLOADS: readonly Workload[] = [registers, lists, bank];
