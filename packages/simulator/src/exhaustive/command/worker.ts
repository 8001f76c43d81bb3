/** The thread of the exhaustive mode, which searches one part of the schedules after the other. */
import { parentPort } from 'node:worker_threads';
import { explore } from '../search/explore.js';
import type { Task } from './pool.js';

/** How many violations a part keeps: few, because one is enough to study. */
const VIOLATIONS_MAX = 20;

parentPort?.on('message', (task: Task) => {
  parentPort?.postMessage(explore({ ...task, violationsMax: VIOLATIONS_MAX }));
});
