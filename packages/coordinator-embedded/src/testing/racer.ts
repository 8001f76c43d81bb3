/**
 * A program that changes a group's record as fast as it can, until the record has the last epoch given. Prints each
 * epoch that it won on a line of its own as soon as it knows, or `unknown` if it cannot tell whether it won.
 *
 * racer.js DIR GROUP NUMBER LAST-EPOCH
 */
import type { Epoch } from '@understudy/core';
import { NO_EPOCH, next } from '@understudy/core/internal';
import { embeddedCoordinator } from '../index.js';
import { sampleRecord } from './sample-records.js';

const [dir = '', group = '', number = '', last = ''] = process.argv.slice(2);
const coordinator = embeddedCoordinator(dir)(group);

async function main(): Promise<void> {
  let epoch: Epoch = (await coordinator.read())?.epoch ?? NO_EPOCH;
  while (epoch < Number(last)) {
    const result = await coordinator.compareAndSwap(epoch, sampleRecord(group, next(epoch), Number(number)));
    if (result.kind === 'swapped') {
      epoch = next(epoch);
      process.stdout.write(`${epoch}\n`);
    } else if (result.kind === 'conflict') {
      epoch = result.current?.epoch ?? NO_EPOCH;
    } else {
      process.stdout.write('unknown\n');
      epoch = (await coordinator.read())?.epoch ?? NO_EPOCH;
    }
  }
  await coordinator.close();
}

main();
