import { parentPort, workerData } from 'node:worker_threads';
import type { PlanLimits } from '../plan/plan.js';
import { simulate } from '../run.js';
import { type Batch, seedAfter } from './batches.js';

/** Plays batches; each result says that the next seed begins. */
const port = parentPort;
if (port === null) throw new Error('this file is to be run as a worker');
const limits = workerData as PlanLimits;
port.on('message', ({ first, count }: Batch) => {
  for (let done = 0; done < count; done++) port.postMessage(simulate(seedAfter(first, done), limits));
});
