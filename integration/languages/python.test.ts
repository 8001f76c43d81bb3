import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { blocksOf } from '../../packages/docs/dist/pages/markdown.js';
import { type Group, withGroup } from '../group.js';
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

const ROOT = new URL('../../', import.meta.url);

/** The parts that a page's program leaves to its reader: imports, a request, and a stub that prints each answer. */
const SURROUNDINGS = `
import json, sys, time, uuid
import grpc
from bank import deposit_method, deposit_request

class BankStub:
    def __init__(self, channel):
        self.method = deposit_method(channel)

    def Deposit(self, *args, **options):
        reply = self.method(*args, **options)
        print(json.dumps(reply))
        return reply

SERVICE_CONFIG = json.loads(sys.argv[1])
request = deposit_request(int(sys.argv[2]), "python", 100)
`;

/** Runs the Python of a page, and then \`more\`. @returns what its call was answered */
async function runPage({ path, env }: Python, page: string, group: Group, id: number, more = ''): Promise<object> {
  const blocks = blocksOf(readFileSync(new URL(page, ROOT), 'utf8')).filter(({ language }) => language === 'python');
  const code = blocks.map((block) => block.code).join('\n');
  const target = /ipv4:[\d.:,]+/;
  expect(code).toMatch(target);
  const program = [SURROUNDINGS, code.replace(target, targetOf(group)), more].join('\n');
  const args = ['-c', program, JSON.stringify(SERVICE_CONFIG), String(id)];
  const pythonpath = fileURLToPath(new URL('python', import.meta.url));
  const { stdout } = await promisify(execFile)(path, args, { env: { ...env, PYTHONPATH: joined(env, pythonpath) } });
  return JSON.parse(stdout);
}

const joined = ({ PYTHONPATH }: NodeJS.ProcessEnv, path: string): string =>
  PYTHONPATH === undefined ? path : `${path}:${PYTHONPATH}`;

/** Uses up the five attempts that gRPC allows within half a second, a third of the lease, unless it is told to wait. */
const HASTY = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{ service: 'bank.v1.Bank' }],
      retryPolicy: {
        ...{ maxAttempts: 5, initialBackoff: '0.1s', maxBackoff: '0.1s', backoffMultiplier: 1 },
        retryableStatusCodes: ['ABORTED', 'UNAVAILABLE'],
      },
    },
  ],
};

/** Makes a deposit when its standard input says so. Arguments: target, service config. */
const WHEN_TOLD = `
import sys
import grpc
from bank import deposit_method, deposit_request

with grpc.insecure_channel(sys.argv[1], options=[("grpc.service_config", sys.argv[2])]) as channel:
    grpc.channel_ready_future(channel).result()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        reply = deposit_method(channel)(deposit_request(1, "python", 100), timeout=60)
        print(reply["sequence"])
    except grpc.RpcError as error:
        print(error.code().name, error.details())
`;

describe('a client in Python', () => {
  it('waits before its next attempt as long as a backup says that has lost its primary, and so outlasts the failover', (test) =>
    withGroup({}, async (group) => {
      const { path, env } = pythonOr(test);
      const { replicas } = group;
      const args = ['-c', WHEN_TOLD, targetOf(group, replicas.inSyncBackups), JSON.stringify(HASTY)];
      const pythonpath = fileURLToPath(new URL('python', import.meta.url));
      const child = spawn(path, args, { env: { ...env, PYTHONPATH: joined(env, pythonpath) } });
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      try {
        expect((await lines.next()).value).toBe('ready');
        await replicas.killPrimary(() => false);
        child.stdin.end('\n');
        expect((await lines.next()).value).toBe('1');
      } finally {
        child.kill('SIGKILL');
      }
    }));

  it('is what the README and the page on other languages show', (test) =>
    withGroup({}, async (group) => {
      const python = pythonOr(test);
      expect(await runPage(python, 'README.md', group, 1)).toMatchObject({ sequence: 1, balanceCents: 100 });
      await group.replicas.killPrimary(() => false);
      const page = 'packages/docs/other-languages.md';
      const answer = await runPage(python, page, group, 2, 'deposit(request)');
      expect(answer).toMatchObject({ sequence: 2, balanceCents: 200 });
    }));

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
