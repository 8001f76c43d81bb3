/** The program of a process that plays seeds, one job after the other, each on a core of its own. */
import { type Changed, Cores } from './cores.js';
import type { Report, SeedBatch } from './player.js';

/** The first message to the process: the code that it plays with. */
export interface Equipment {
  /** The folder of the compiled core. */
  readonly core: string;
  /** `player.ts` and the simulator, as one script. */
  readonly player: string;
}

/** Each further message. */
export interface PlayJob {
  readonly changed: Changed;
  readonly batches: readonly SeedBatch[];
}

type PlayerModule = typeof import('./player.js');
let cores: Cores<PlayerModule> | undefined;

/** Waits until the report is on its way, because a run that never ends would hold it back. */
const tell = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

process.on('message', async (message: Equipment | PlayJob) => {
  if ('player' in message) {
    cores = new Cores(message.core, message.player);
    return;
  }
  if (cores === undefined) throw new Error('the equipment comes first');
  await cores.evaluate(message.changed).play(message.batches, tell);
  await tell({ ends: true });
});
