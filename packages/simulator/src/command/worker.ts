/** A thread of the simulator. */
import { parentPort, workerData } from 'node:worker_threads';
import type { PlanLimits } from '../plan/plan.js';
import { simulate } from '../run.js';
import { type Batch, seedAfter } from './batches.js';

/** Plays batches. Each result also tells the pool that the next seed begins. */
const port = parentPort;
if (port === null) throw new Error('this file runs only as a worker thread');
const limits = workerData as PlanLimits;
port.on('message', ({ first, count }: Batch) => {
  for (let done = 0; done < count; done++) port.postMessage(simulate(seedAfter(first, done), limits));
});
