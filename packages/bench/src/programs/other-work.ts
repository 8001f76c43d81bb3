/** The program of a process that has nothing to do with the service, and can keep every core busy. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { serveParent } from '../ipc/child-side.js';
import type { OtherWorkCommands } from '../ipc/commands.js';

const FOR_EVER = 'for (let x = 1; ; ) x = (Math.imul(x, 31) + 7) | 0;';
let workers: Worker[] = [];

serveParent<OtherWorkCommands>({
  work: async () => {
    workers = Array.from({ length: availableParallelism() }, () => new Worker(FOR_EVER, { eval: true }));
    const online = (worker: Worker): Promise<void> => new Promise((resolve) => worker.once('online', resolve));
    await Promise.all(workers.map(online));
  },
  rest: async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
  },
});
