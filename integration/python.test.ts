import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { blocksOf } from '../packages/docs/dist/pages/markdown.js';
import { type Group, MODE, withGroup } from './group.js';
import { findPython, type Python } from './python/find-python.js';
import { PythonLoad } from './python/load.js';

const DEPOSIT = fileURLToPath(new URL('./python/deposit.py', import.meta.url));
const IN_FLIGHT = 16;
/** Calls that are answered before the first disturbance, between the two, and after the second. */
const UNDISTURBED = 500;

/** The service config that the documentation tells users of other languages to take. */
const PAGE = readFileSync(new URL('../packages/docs/other-languages.md', import.meta.url), 'utf8');
const SERVICE_CONFIG: object = JSON.parse(blocksOf(PAGE).find(({ language }) => language === 'json')?.code ?? '');
const PICK_FIRST = { ...SERVICE_CONFIG, loadBalancingConfig: [{ pick_first: {} }] };

interface Ended {
  readonly code: string;
  readonly details?: string;
  readonly primary?: string;
  readonly reply?: { readonly operationId: number; readonly sequence: number; readonly balanceCents: number };
}

let python: Python | undefined;
beforeAll(() => {
  python = findPython();
  if (python === undefined)
    console.warn('NOT TESTED: clients in Python. There is no grpcio, and no apt-get to get it.');
});

/** The Python of these tests; skips the test where there is none. */
function pythonOr({ skip }: TestContext): Python {
  return python ?? skip('no Python with grpcio');
}

async function deposit(
  { path, env }: Python,
  target: string,
  id: number,
  key: string,
  serviceConfig: object = {},
): Promise<Ended> {
  const args = [DEPOSIT, target, String(id), key, JSON.stringify(serviceConfig)];
  return JSON.parse((await promisify(execFile)(path, args, { env })).stdout) as Ended;
}

const primaryOf = ({ replicas }: Group): string => replicas.primary?.replica.id ?? '';

/** A target that names replicas by their addresses. */
const targetOf = ({ replicas }: Group, ids: readonly string[]): string =>
  `ipv4:${ids.map((id) => replicas.addressOf(id)).join()}`;

describe('a client in Python', () => {
  it('is refused by a backup, works with the primary, and its retry has its effect once', (test) =>
    withGroup({}, async (group) => {
      const { replicas } = group;
      const python = pythonOr(test);
      const primary = replicas.addressOf(primaryOf(group));
      const [backup = ''] = replicas.inSyncBackups;
      const refused = await deposit(python, replicas.addressOf(backup), 1, 'key-1');
      expect(refused).toMatchObject({ code: 'ABORTED', primary });
      expect(refused.details).toContain('UNDERSTUDY_NOT_PRIMARY');

      const first = await deposit(python, primary, 1, 'key-1');
      expect(first).toEqual({ code: 'OK', reply: { operationId: 1, sequence: 1, balanceCents: 100 } });
      expect(await deposit(python, primary, 1, 'key-1')).toEqual(first);

      // pick_first keeps the first replica that it reaches, and asks for no health.
      const backupFirst = targetOf(group, [backup, primaryOf(group)]);
      expect(await deposit(python, backupFirst, 2, 'key-2', PICK_FIRST)).toMatchObject({ code: 'ABORTED', primary });
      expect((await deposit(python, backupFirst, 2, 'key-2', SERVICE_CONFIG)).reply?.sequence).toBe(2);
    }));

  it('follows the primary with the documented service config, through a SIGKILL and a hand-over under load', (test) =>
    withGroup({}, async (group) => {
      const { stage, replicas } = group;
      const load = new PythonLoad(stage, pythonOr(test), targetOf(group, replicas.ids), SERVICE_CONFIG, IN_FLIGHT);
      try {
        await load.answered(UNDISTURBED);
        const killed = await replicas.killPrimary(() => false);
        await replicas.until(() => replicas.replaceablePrimary !== undefined);
        await load.answered(UNDISTURBED);
        const next = replicas.childOf(primaryOf(group));
        next.terminate();
        expect(await stage.until(next.exited)).toBe('exit status 0');
        await load.answered(UNDISTURBED);
        const { replies, failures, longestGapMs } = await load.stop();
        console.log(
          `Python: ${replies.length} calls, ${failures.length} failed; no reply for ${longestGapMs.toFixed(0)} ms ` +
            `at a lease of ${MODE.leaseMs} ms`,
        );
        expect(failures).toEqual([]);
        expect(replicas.primary?.term).toBe((killed?.term ?? 0) + 2);
        // Each deposit adds as much, so a reply tells how many took effect until then: each had one effect of its own.
        const effects = replies.map(({ sequence, balanceCents }) => `${sequence}: ${balanceCents}`);
        const once = replies.map((_, index) => `${index + 1}: ${(index + 1) * 100}`);
        expect(new Set(effects)).toEqual(new Set(once));
        expect(new Set(replies.map(({ operationId }) => operationId)).size).toBe(replies.length);
        const last = await deposit(pythonOr(test), targetOf(group, replicas.ids), replies.length + 1, 'last', SERVICE_CONFIG);
        expect(last.reply?.sequence).toBe(replies.length + 1);
      } finally {
        load.kill();
      }
    }));
});
