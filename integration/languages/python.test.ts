import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { withGroup } from '../group.js';
import { playFollowing, SERVICE_CONFIG, targetOf } from './play.js';
import { findPython, type Python } from './python/find-python.js';

const programAt = (name: string): string => fileURLToPath(new URL(`./python/${name}.py`, import.meta.url));
const PICK_FIRST = { ...SERVICE_CONFIG, loadBalancingConfig: [{ pick_first: {} }] };

interface Ended {
  readonly code: string;
  readonly details?: string;
  readonly primary?: string;
  readonly reply?: { readonly operationId: number; readonly sequence: number; readonly balanceCents: number };
}

let found: Python | undefined;
beforeAll(() => {
  found = findPython();
  if (found === undefined) console.warn('NOT TESTED: clients in Python. There is no grpcio, and no apt-get to get it.');
});

/** The Python of these tests; skips the test where there is none. */
const pythonOr = ({ skip }: TestContext): Python => found ?? skip('no Python with grpcio');

async function deposit({ path, env }: Python, target: string, id: number, serviceConfig: object = {}): Promise<Ended> {
  const args = [programAt('deposit'), target, String(id), `key-${id}`, JSON.stringify(serviceConfig)];
  return JSON.parse((await promisify(execFile)(path, args, { env })).stdout) as Ended;
}

describe('a client in Python', () => {
  it('is refused by a backup, works with the primary, and its retry has its effect once', (test) =>
    withGroup({}, async (group) => {
      const { replicas } = group;
      const python = pythonOr(test);
      const primaryId = replicas.primary?.replica.id ?? '';
      const primary = replicas.addressOf(primaryId);
      const [backup = ''] = replicas.inSyncBackups;
      const refused = await deposit(python, replicas.addressOf(backup), 1);
      expect(refused).toMatchObject({ code: 'ABORTED', primary });
      expect(refused.details).toContain('UNDERSTUDY_NOT_PRIMARY');

      const first = await deposit(python, primary, 1);
      expect(first).toEqual({ code: 'OK', reply: { operationId: 1, sequence: 1, balanceCents: 100 } });
      expect(await deposit(python, primary, 1)).toEqual(first);

      // pick_first keeps the first replica that it reaches, and asks for no health.
      const backupFirst = targetOf(group, [backup, primaryId]);
      expect(await deposit(python, backupFirst, 2, PICK_FIRST)).toMatchObject({ code: 'ABORTED', primary });
      expect((await deposit(python, backupFirst, 2, SERVICE_CONFIG)).reply?.sequence).toBe(2);
    }));

  it('follows the primary with the documented service config, through a SIGKILL and a hand-over under load', (test) => {
    const { path, env } = pythonOr(test);
    return playFollowing('Python', { command: path, args: [programAt('load')], env });
  });
});
