import { bank } from './bank.js';
import { lists } from './lists.js';
import { registers } from './registers.js';
import type { Workload } from './workload.js';

/** The workloads that a run may have. */
export const WORKLOADS: readonly Workload[] = [registers, lists, bank];
