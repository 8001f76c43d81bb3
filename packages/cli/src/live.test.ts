import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import { createReplica, type ReplicaServer, type ReplicaServerOptions } from '@understudy/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Authority } from '../../server/src/testing/authority.js';
import { run } from './run.js';

const SECRET = 'a secret that only the tests know';
const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters', leaseMs: 3_000 } }] };
const nothing = () => Buffer.alloc(0);
const service = {
  Count: {
    ...{ path: '/test.Counter/Count', requestStream: false, responseStream: false },
    ...{ requestSerialize: nothing, requestDeserialize: nothing },
    ...{ responseSerialize: nothing, responseDeserialize: nothing },
  },
} as const;

let dir: string;
let running: Map<string, { readonly replica: ReplicaServer; readonly server: Server }>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  await writeFile(join(dir, 'secret'), SECRET);
  running = new Map();
});
afterEach(async () => {
  for (const { server } of running.values()) server.forceShutdown();
  await Promise.all([...running.values()].map(({ replica }) => replica.stop()));
  await rm(dir, { recursive: true });
});

async function start(replicaId: string, options: Partial<ReplicaServerOptions> = {}): Promise<void> {
  const replica = createReplica({
    ...{ replicaId, version: 'counter@1', groupSecret: SECRET, handleSignals: false, logger: 'none', handOverMs: 1 },
    coordinator: embeddedCoordinator(join(dir, 'records')),
    state: 'none',
    serviceConfig,
    ...options,
  });
  const server = new Server({ interceptors: replica.interceptors([]) });
  replica.attach(server);
  server.addService(service, {
    Count: (_call: unknown, answer: (error: null, value: object) => void) => answer(null, {}),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  running.set(replicaId, { replica, server });
  await replica.start({ address: `127.0.0.1:${port}` });
}

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const PROOF = () => ['--group-secret-file', join(dir, 'secret')];

async function understudy(command: string, args: readonly string[], see = (_out: string) => {}, signal?: AbortSignal) {
  const told = { out: '', err: '' };
  const code = await run(
    [command, '--dir', join(dir, 'records'), ...args],
    {
      out: (text) => {
        told.out += text;
        see(told.out);
      },
      err: (text) => {
        told.err += text;
      },
    },
    signal,
  );
  return { code, ...told } satisfies Told;
}

describe('understudy, on replicas that run', () => {
  it('status shows what each replica says of itself if the caller proves the secret', async () => {
    await start('r1');
    await start('r2');
    const { code, out, err } = await understudy('status', PROOF());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/replica +role +in sync +lag +term +version +load\n/);
    expect(out).toMatch(/r1 +primary +yes +0 +1 +counter@1 +0\.0\/s\n/);
    expect(out).toMatch(/r2 +backup +yes +0 +1 +counter@1 +-\n/);
    const { out: less } = await understudy('status', []);
    expect(less).toMatch(/r1 +primary +yes +- +- +counter@1 +-\n/);
    expect(less).toContain('r1, r2 tell more to who proves himself: --group-secret-file');
    const json = JSON.parse((await understudy('status', [...PROOF(), '--json'])).out);
    expect(json.groups[0].replicas[1]).toMatchObject({ id: 'r2', lag: 0, told: { report: { role: 'backup' } } });
    expect(json.groups[0].load).toBe(0);
  });

  it('add, replace and remove change who belongs to it, while calls go on', async () => {
    await start('r1');
    await start('r2');
    const coordinator = embeddedCoordinator(join(dir, 'records'))('counters');
    const { addresses: first = {} } = (await coordinator.read()) ?? {};
    const client = new Client(
      `understudy:///${Object.values(first)}`,
      credentials.createInsecure(),
      replicated({ serviceConfig, logger: 'none' }),
    );
    const { path, requestSerialize, responseDeserialize } = service.Count;
    let calls = 0;
    let going = true;
    const count = (): Promise<unknown> =>
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error, reply) =>
          error === null ? resolve(reply) : reject(error),
        ),
      );
    const calling = (async () => {
      for (; going; calls++) await count();
    })();
    const ofGroup = [...PROOF(), '--group', 'counters'];
    const added = understudy('add', [...ofGroup, '--replica', 'r3']);
    await start('r3');
    expect(await added).toEqual({ code: 0, out: '"r3" is in sync.\n', err: '' });
    const replaced = understudy('replace', [...ofGroup, '--replica', 'r1', '--by', 'r4']);
    await start('r4');
    expect(await replaced).toEqual({
      ...{ code: 0, err: '' },
      out: '"r4" is in sync.\n"r1" has stopped serving; end its process.\n"r1" is removed from "counters".\n',
    });
    await running.get('r2')?.replica.stop();
    expect(await understudy('remove', [...ofGroup, '--replica', 'r2'])).toEqual({
      ...{ code: 0, out: '"r2" is removed from "counters".\n', err: '' },
    });
    const { addresses = {}, inSync } = (await coordinator.read()) ?? {};
    expect(Object.keys(addresses).sort()).toEqual(['r3', 'r4']);
    expect(inSync?.map(({ id }) => id).sort()).toEqual(['r3', 'r4']);
    const before = calls;
    while (calls === before) await Promise.race([calling, new Promise((resolve) => setTimeout(resolve, 5))]);
    going = false;
    await calling;
    await understudyClient(client).close();
    await coordinator.close();
  });

  it('log follows a hand-over and a start, as lines or as JSON, until it is interrupted', async () => {
    await start('r1');
    await start('r2');
    const [seen, enough, told] = [new AbortController(), new AbortController(), new AbortController()];
    const lines = understudy(
      'log',
      [...PROOF(), '--interval', '0.1'],
      (out) => {
        if (out.includes('term 1: r1 is primary; in sync are r1, r2')) seen.abort();
        if (/r3: is in sync\n/.test(out) && out.includes('r2: is primary now')) enough.abort();
      },
      enough.signal,
    );
    const json = understudy(
      'watch',
      [...PROOF(), '--json', '--interval', '0.1'],
      (out) => {
        if (/"level":"info".*"replica":"r3".*\n/.test(out)) told.abort();
      },
      told.signal,
    );
    await new Promise((resolve) => seen.signal.addEventListener('abort', resolve));
    await running.get('r1')?.replica.stop();
    await start('r3');
    const { code, out, err } = await lines;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^\S+Z info counters: term 1: r1 is primary; in sync are r1, r2\n/);
    expect(out).toMatch(/info counters r2: is primary in term 2; it was r1\n/);
    expect(out).toMatch(/warn counters: only r2 holds everything/);
    const events = (await json).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(events).toContainEqual(expect.objectContaining({ level: 'info', group: 'counters', replica: 'r3' }));
  });

  it('doctor finds nothing wrong with a group that is well, and exits with 0', async () => {
    await start('r1');
    await start('r2');
    const { code, out } = await understudy('doctor', PROOF());
    expect(out.split('\n').filter((line) => !line.startsWith('ok'))).toEqual(['']);
    expect(code).toBe(0);
    for (const check of [
      'coordinator',
      'record',
      'members',
      'dns',
      'ports',
      'proof',
      'liveness',
      'clock',
      'versions',
    ]) {
      expect(out).toMatch(new RegExp(`^ok +${check} +`, 'm'));
    }
    const { healthy, findings } = JSON.parse((await understudy('doctor', [...PROOF(), '--json'])).out);
    expect({ healthy, group: findings.at(-1).group }).toEqual({ healthy: true, group: 'counters' });
  });

  it('doctor says which secret is missing or wrong, and exits with 1', async () => {
    await start('r1');
    const without = await understudy('doctor', []);
    expect(without.code).toBe(1);
    expect(without.out).toMatch(/^wrong +proof +counters r1: .*--group-secret-file/m);
    await writeFile(join(dir, 'secret'), 'another secret of enough bytes');
    expect((await understudy('doctor', PROOF())).out).toMatch(
      /^wrong +proof +counters r1: does not believe .*same secret/m,
    );
    const tls = await understudy('doctor', [...PROOF(), '--peer-tls-ca', join(dir, 'secret')]);
    expect(tls.out + tls.err).toMatch(/does not speak TLS there|--peer-tls-ca/);
    expect(tls.code).toBe(1);
  });

  it('doctor looks at certificates, and says which options of TLS are missing', async () => {
    const authority = new Authority();
    const names = { peerNames: { r1: 'r1' }, operatorNames: ['operator'] };
    await start('r1', { ...authority.peerOptions(authority.issue('r1')), ...names });
    const operator = authority.issue('operator');
    const files = { ca: authority.own.certificate, key: operator.key, cert: operator.certificate };
    for (const [name, pem] of Object.entries(files)) await writeFile(join(dir, name), pem);
    const tls = ['ca', 'key', 'cert'].flatMap((name) => [`--peer-tls-${name}`, join(dir, name)]);
    const well = await understudy('doctor', [...PROOF(), ...tls]);
    expect(well.out).toMatch(/^warn +tls +counters r1: its certificate is valid for 1 more days; renew it$/m);
    expect(well.out).toMatch(/^ok +proof +counters: r1 takes/m);
    expect(well.code).toBe(0);
    const plain = await understudy('doctor', PROOF());
    expect(plain.out).toMatch(/^wrong +tls +counters r1: speaks TLS; .*--peer-tls-ca/m);
    await writeFile(join(dir, 'ca'), new Authority().own.certificate);
    const other = await understudy('doctor', [...PROOF(), ...tls]);
    expect(other.out).toMatch(/^wrong +tls +counters r1: its certificate is not believed with this authority/m);
    expect([plain.code, other.code]).toEqual([1, 1]);
  });

  it('doctor finds a port that nobody listens on, and a name that does not exist', async () => {
    const coordinator = embeddedCoordinator(join(dir, 'records'))('counters');
    await start('r1');
    const presence = { id: 'r2', incarnation: '02'.repeat(16) } as never;
    // No name server is asked for such a name: a part of it is too long.
    const host = 'n'.repeat(64);
    await coordinator.announce({ member: presence, address: `${host}:1` });
    const { code, out } = await understudy('doctor', PROOF());
    await coordinator.close();
    expect(out).toMatch(/^wrong +dns +counters r2: n+ is not found from here/m);
    expect(out).toMatch(/^wrong +ports +counters r2: n+:1, for clients, is not reached/m);
    expect(code).toBe(1);
  });

  it('watch draws on a terminal no more lines than it has', async () => {
    await start('r1');
    const enough = new AbortController();
    let drawn = '';
    const written: string[] = [];
    const screen = { rows: 4, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
    const out = (text: string) => {
      drawn = text;
      enough.abort();
    };
    const output = { out, err: () => {}, screen };
    expect(await run(['watch', '--dir', join(dir, 'records'), ...PROOF()], output, enough.signal)).toBe(0);
    expect(drawn).toMatch(/^\S+Z {2}Ctrl-C ends this\n\ngroup counters\n$/);
    expect(written.join('')).toContain('\u001b[');
  });

  it('a wrong interval and a place without groups are refused with advice', async () => {
    await start('r1');
    expect(await understudy('log', ['--interval', 'often'])).toMatchObject({
      ...{ code: 1, err: expect.stringMatching(/^UNDERSTUDY_SETUP: --interval takes seconds, 0\.1 to 3600/) },
    });
    const code = await understudy('log', ['--json', '--interval', '0']);
    expect(JSON.parse(code.out)).toMatchObject({ error: { code: 'UNDERSTUDY_SETUP' } });
  });
});
