import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Receipt } from '../packages/examples/dist/bank/operation.js';
import type { Mode } from '../packages/examples/dist/bank/service-config.js';
import { MULTICASTS } from '../packages/examples/dist/common/mode-options.js';
import { LONG_LEASE_MS, MODE, withGroup } from './group.js';

const PROGRAM = fileURLToPath(new URL('../packages/workshop/dist/soak/one-deposit.js', import.meta.url));
/** A program that something holds up for ever is killed after this. */
const EXIT_MAX_MS = 120_000;
/**
 * How much longer than the way to its receipt (loading, connecting, the call) a program may take from there to its exit.
 * A program that nothing holds up waits a quarter of a second for another call; one that waits for a timer of its
 * session takes far longer.
 */
const EXIT_RATIO_MAX = 10;

interface Exit {
  readonly code: number | null;
  readonly receipt: Receipt;
  /** The time from the receipt to the exit, compared with the time from the start to the receipt. */
  readonly ratio: number;
}

/**
 * Runs a client that makes one call and returns from main. If it does not exit in time it is killed, and its code is
 * null.
 */
async function deposit(target: string, mode: Mode, id: number): Promise<Exit> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PROGRAM, target, JSON.stringify(mode), String(id)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: EXIT_MAX_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  let answeredAt = Number.NaN;
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
    answeredAt = performance.now();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const ratio = (performance.now() - answeredAt) / (answeredAt - startedAt);
  return { code, receipt: JSON.parse(output) as Receipt, ratio };
}

describe.each(MULTICASTS.map((multicast) => ({ multicast })))(
  'a program that makes one call, $multicast',
  ({ multicast }) => {
    it.each([{ carrier: 'stream' }, { carrier: 'rpc' }] as const)(
      'exits by itself, and its call is stable by then: $carrier',
      ({ carrier }) =>
        withGroup({ mode: { ...MODE, multicast, carrier, leaseMs: LONG_LEASE_MS } }, async ({ replicas, mode }) => {
          for (const id of [1, 2]) {
            const { code, receipt, ratio } = await deposit(replicas.target, mode, id);
            const reports = await Promise.all(replicas.ids.map((each) => replicas.report(each)));
            expect(code).toBe(0);
            expect(ratio).toBeLessThan(EXIT_RATIO_MAX);
            expect(receipt).toEqual({ operationId: id, sequence: id, balanceCents: id * 100, toBalanceCents: 0 });
            for (const { status } of reports) expect(status.heldUpTo).toBeGreaterThanOrEqual(id);
            const primary = reports.find(({ status }) => status.role === 'primary');
            expect(primary?.status.stableUpTo).toBeGreaterThanOrEqual(id);
          }
        }),
    );
  },
);
