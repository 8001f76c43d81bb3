import childProcess from 'node:child_process';
import fs, { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, credentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { nested } from '@understudy/client';
import { realOf } from '@understudy/context';
import { embeddedCoordinator, memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReplicaServer, ReplicaServerOptions } from '../replica/options.js';
import { counterService } from '../testing/counter.js';
import { Stage, type TestCoordinator } from '../testing/stage.js';

const METHOD = { ...counterService.Add, path: '/test.Outside/Do' };
const QUERY = { ...counterService.Add, path: '/test.Outside/Read' };
const EVENT = 'a handler reaches into the outside world without once()';

let stage: Stage;
afterEach(() => stage.end());

type Act = (replica: ReplicaServer, index: number) => unknown;

/** Starts a replica whose handler does `act`, and calls it `times` times. @returns what was warned of, and where */
async function warned(
  act: Act,
  {
    times = 1,
    path = METHOD.path,
    options = {},
    settings = {},
    coordinator = memoryCoordinator() as TestCoordinator,
  }: {
    times?: number;
    path?: string;
    options?: Partial<ReplicaServerOptions>;
    settings?: object;
    coordinator?: TestCoordinator;
  } = {},
): Promise<{ readonly what: string; readonly at: string; readonly message: string }[]> {
  let replica: ReplicaServer | undefined;
  let index = 0;
  const handler = async (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<number>): Promise<void> => {
    try {
      await act(replica as ReplicaServer, index++);
    } catch {
      // Only the warning counts.
    }
    callback(null, 1);
  };
  stage = new Stage(coordinator, settings, [], (server) =>
    server.addService({ Do: METHOD, Read: QUERY }, { Do: handler, Read: handler }),
  );
  const node = await stage.start('r1', { effectWarnings: true, ...options });
  replica = node.replica;
  for (let i = 0; i < times; i++) expect((await node.callAt(path, {})).error).toBeNull();
  return stage.logged
    .filter((line) => line.startsWith(`warn ${EVENT} `))
    .map((line) => JSON.parse(line.slice(`warn ${EVENT} `.length)));
}

const HERE = import.meta.filename;
const file = join(tmpdir(), 'understudy-effects-test');
/** A port at which nobody listens. */
const NOWHERE = 'http://127.0.0.1:1/';

const EFFECTS: readonly (readonly [string, Act])[] = [
  ['fs.readFileSync', () => readFileSync(HERE)],
  ['fs.writeFileSync', () => fs.writeFileSync(file, 'x')],
  ['fs.readFile', () => promisify(fs.readFile)(HERE)],
  ['fs.writeFile', () => new Promise((resolve) => fs.writeFile(file, 'x', resolve))],
  ['fs.promises.writeFile', () => writeFile(file, 'x')],
  ['fs.promises.readFile', () => fs.promises.readFile(HERE)],
  ['fs.createReadStream', () => fs.createReadStream(HERE).destroy()],
  ['fetch', () => fetch(NOWHERE)],
  ['http.request', () => new Promise((resolve) => http.request(NOWHERE).on('error', resolve).end())],
  ['http.get', () => new Promise((resolve) => http.get(NOWHERE).on('error', resolve))],
  ['net.connect', () => new Promise((resolve) => net.connect(1, '127.0.0.1').on('error', resolve))],
  ['child_process.execFileSync', () => childProcess.execFileSync('true')],
];

describe('an effect of a handler', () => {
  it.each(EFFECTS)('is warned of once for its line: %s', async (what, act) => {
    const warnings = await warned(act, { times: 3 });
    expect(warnings.map((each) => each.what)).toEqual([what]);
    expect(warnings[0]?.at).toMatch(/effects\.test\.ts:\d+$/);
    expect(warnings[0]?.message).toContain("await replica.once('");
  });

  it('is warned of once for each line that has one', async () => {
    const warnings = await warned(
      (_replica, index) => {
        if (index % 2 === 0) readFileSync(HERE);
        else fs.statSync(HERE);
      },
      { times: 4 },
    );
    expect(warnings.map(({ what }) => what)).toEqual(['fs.readFileSync', 'fs.statSync']);
  });

  it('causes no warning inside once()', async () => {
    const effects = async (replica: ReplicaServer): Promise<void> => {
      await replica.once('all', async () => {
        for (const [, act] of EFFECTS) await Promise.resolve(act(replica, 0)).catch(() => {});
      });
    };
    expect(await warned(effects)).toEqual([]);
  });

  it('causes no warning in a read-only call, nor outside of handlers', async () => {
    const act = (): unknown => readFileSync(HERE);
    const readOnly = [{ name: [{ service: 'test.Outside', method: 'Read' }], readOnly: true }];
    expect(await warned(act, { path: QUERY.path, settings: { methods: readOnly } })).toEqual([]);
    act();
  });

  it('causes no warning if effectWarnings is off', async () => {
    expect(await warned(() => readFileSync(HERE), { options: { effectWarnings: false } })).toEqual([]);
  });

  it('is warned of also when the globals are left alone', async () => {
    const warnings = await warned(() => readFileSync(HERE), { options: { determinism: 'api' } });
    expect(warnings).toHaveLength(1);
  });
});

describe('the watch for effects', () => {
  it('does not warn of a module that a handler loads', async () => {
    const require = createRequire(import.meta.url);
    const module = join(tmpdir(), 'understudy-effects-module.cjs');
    fs.writeFileSync(module, 'module.exports = 1;');
    expect(await warned(() => require(module))).toEqual([]);
    fs.rmSync(module);
  });

  it('does not warn of a call to another service with a client of ours', async () => {
    const call = (): Promise<unknown> =>
      new Promise((resolve) => {
        const client = new Client('127.0.0.1:1', credentials.createInsecure(), nested());
        const { path, requestSerialize, responseDeserialize } = counterService.Add;
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error) => resolve(error));
      });
    expect(await warned(call)).toEqual([]);
  });

  it('does not warn of the files of our own coordinator', async () => {
    const directory = fs.mkdtempSync(join(tmpdir(), 'understudy-effects-'));
    const coordinator = embeddedCoordinator(directory) as TestCoordinator;
    await warned(() => new Promise((resolve) => setImmediate(resolve)), { coordinator });
    const [primary] = stage.nodes;
    // The record changes while handlers run.
    let joined = false;
    const joins = stage.start('r2', { effectWarnings: true }).then(() => {
      joined = true;
    });
    while (!joined) await primary?.callAt(METHOD.path, {});
    await joins;
    expect(stage.logged.filter((line) => line.includes(EVENT))).toEqual([]);
    fs.rmSync(directory, { recursive: true });
  });

  it('leaves names, lengths and promisified forms of functions unchanged', () => {
    for (const name of ['exists', 'readFile', 'open'] as const) {
      const real = realOf(fs[name]);
      expect(real).not.toBe(fs[name]);
      expect([fs[name].name, fs[name].length]).toEqual([real.name, real.length]);
      const symbols = Object.getOwnPropertySymbols(real);
      expect(Object.getOwnPropertySymbols(fs[name])).toEqual(expect.arrayContaining(symbols));
    }
  });
});
