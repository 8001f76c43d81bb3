/** A client of the bank that calls until SIGTERM; the containers run it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Mode } from '@understudy/examples/common/mode.js';
import { addModeOptions, modeOf, wholeNumberOf } from '@understudy/examples/common/mode-options.js';
import { Command, Option } from 'commander';
import { collectBooks } from '../demo/drive/collect.js';
import { monotonicMs } from '../hosting/clock.js';
import { Caller } from './caller.js';
import { connect, KINDS, type Kind } from './connect.js';
import type { Called, LoadMessage } from './messages.js';
import { ACCOUNTS, loadOperations, openings } from './operations.js';
import { Summary } from './summary.js';

/** Each caller rests this long after a failure, so that failures do not become a busy loop. */
const AFTER_FAILURE_MS = 20;

interface Options extends Mode {
  readonly target: string;
  readonly client: Kind;
  readonly callers: number;
  readonly rate: number;
  readonly seed: number;
  readonly idsAfter: number;
  readonly summary: boolean;
}

const options = addModeOptions(
  new Command('load')
    .description(
      'Calls a bank until SIGTERM, then waits for the open calls, asks the bank for its books\n' +
        'and ends. Prints every call with its result as a line of JSON, for a check of the history.',
    )
    .requiredOption('--target <target>', 'addresses of all replicas, as understudy:///host:port,host:port')
    .addOption(new Option('--client <kind>', 'how to connect').choices(KINDS).default('interceptor'))
    .option('--callers <n>', 'how many calls are open at once', wholeNumberOf(1, 1_000), 8)
    .option('--rate <n>', 'most calls a second of all callers together; 0: no limit', wholeNumberOf(0, 1_000_000), 0)
    .option('--seed <n>', 'seed of the operations', wholeNumberOf(0, 999_999_999), 1)
    .option('--ids-after <n>', 'the ids of the operations begin after this number', wholeNumberOf(0, 999_999_999), 0)
    .option('--summary', 'print one line a second for people instead', false),
)
  .parse()
  .opts<Options>();

const summary = options.summary ? new Summary((line) => console.log(line)) : undefined;
const tell = (message: LoadMessage): void => {
  if (summary === undefined) process.stdout.write(`${JSON.stringify(message)}\n`);
  else summary.tell(message);
};
const client = connect(options.target, modeOf(options), options.client);
const caller = new Caller(client, options.client === 'keyed');
const coming = loadOperations(options.seed, options.idsAfter);
let nextCaller = 1;
let enough = false;
/** The least time between two calls of a caller. */
const everyMs = options.rate === 0 ? 0 : (1_000 * options.callers) / options.rate;

process.once('SIGTERM', () => {
  enough = true;
});

/**
 * A caller that does not know the result of a call never calls again under its name, because the call may yet take
 * effect.
 */
async function callOn(): Promise<void> {
  let name = nextCaller++;
  while (!enough) {
    const called = await caller.call(name, coming.next().value);
    tell(called);
    if (called.end.kind === 'unknown') name = nextCaller++;
    const restMs = Math.max(failed(called) ? AFTER_FAILURE_MS : 0, called.invokedAtMs + everyMs - monotonicMs());
    if (restMs > 0) await pause(restMs);
  }
}

const failed = ({ end }: Called): boolean => end.kind === 'unknown' || end.kind === 'none';

async function load(): Promise<void> {
  for (const opening of openings(options.idsAfter)) tell(await caller.call(0, opening));
  tell({ kind: 'begun' });
  await Promise.all(Array.from({ length: options.callers }, callOn));
  tell({ kind: 'done', books: await collectBooks(client, ACCOUNTS) });
  client.close();
}

load().catch((error: Error) => {
  tell({ kind: 'failed', reason: error.message });
  process.exitCode = 1;
  client.close();
});
