import { bank } from './bank.js';
import { lists } from './lists.js';
import { registers } from './registers.js';
import type { Workload } from './workload.js';

export const WORKLOADS: readonly Workload[] = [registers, lists, bank];
