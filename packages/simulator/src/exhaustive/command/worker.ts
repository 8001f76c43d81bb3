import { parentPort } from 'node:worker_threads';
import { explore } from '../search/explore.js';
import type { Task } from './pool.js';

/** A thread that searches one part after the other. It keeps few violations, because one is enough to study. */
const VIOLATIONS_MAX = 20;

parentPort?.on('message', (task: Task) => {
  parentPort?.postMessage(explore({ ...task, violationsMax: VIOLATIONS_MAX }));
});
