import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { withGroup } from './group.js';

const PROGRAM = fileURLToPath(new URL('./python/deposit.py', import.meta.url));
/** Debian's package python3-grpcio belongs to the second of these, even if the first precedes it in the path. */
const python = ['python3', '/usr/bin/python3'].find((path) => spawnSync(path, ['-c', 'import grpc']).status === 0);

interface Ended {
  readonly code: string;
  readonly details?: string;
  readonly primary?: string;
  readonly reply?: { readonly operationId: number; readonly sequence: number; readonly balanceCents: number };
}

async function deposit(address: string, id: number, key: string): Promise<Ended> {
  const { stdout } = await promisify(execFile)(python ?? '', [PROGRAM, address, String(id), key]);
  return JSON.parse(stdout) as Ended;
}

describe('a client in Python, which needs grpcio', () => {
  it.skipIf(python === undefined)(
    'is refused by a backup, works with the primary, and its retry has its effect once',
    () =>
      withGroup({}, async ({ replicas }) => {
        const primary = replicas.addressOf(replicas.primary?.replica.id ?? '');
        const [backup = ''] = replicas.inSyncBackups;
        const refused = await deposit(replicas.addressOf(backup), 1, 'key-1');
        expect(refused).toMatchObject({ code: 'ABORTED', primary });
        expect(refused.details).toContain('UNDERSTUDY_NOT_PRIMARY');

        const first = await deposit(primary, 1, 'key-1');
        expect(first).toEqual({ code: 'OK', reply: { operationId: 1, sequence: 1, balanceCents: 100 } });
        expect(await deposit(primary, 1, 'key-1')).toEqual(first);

        await replicas.killPrimary(() => false);
        await replicas.until(() => replicas.primary !== undefined);
        const next = replicas.addressOf(replicas.primary?.replica.id ?? '');
        expect(await deposit(next, 1, 'key-1')).toEqual(first);
        expect((await deposit(next, 2, 'key-2')).reply?.sequence).toBe(2);
      }),
  );
});
