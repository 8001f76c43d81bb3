/** Handlers that stream with another group, where each replica is a process and primaries of both groups are killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import type { ReplicaStatus } from '@understudy/server';
import { afterEach, describe, expect, it } from 'vitest';

const REPLICA = new URL('./nested-streams/replica.mjs', import.meta.url);
const LEASE_MS = 1_500;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A group of two processes, and a client of it. */
class Group {
  readonly #name: string;
  readonly #processes: ChildProcess[] = [];
  #client: Client | undefined;
  target = '';

  private constructor(name: string) {
    this.#name = name;
  }

  static async start(name: string, mode: object, feed = ''): Promise<Group> {
    const group = new Group(name);
    const directory = mkdtempSync(join(tmpdir(), 'understudy-nested-streams-'));
    ends.push(() => rmSync(directory, { recursive: true, force: true }));
    const addresses: string[] = [];
    for (const id of [`${name}-1`, `${name}-2`]) {
      const child = fork(REPLICA, [id, directory, name, JSON.stringify(mode), feed], { execArgv: [] });
      group.#processes.push(child);
      ends.push(() => child.kill('SIGKILL'));
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      addresses.push(`127.0.0.1:${port}`);
    }
    group.target = `understudy:///${addresses.join()}`;
    const serviceConfig = { loadBalancingConfig: [{ understudy: { group: name, ...mode } }] };
    const client = new Client(group.target, credentials.createInsecure(), replicated({ serviceConfig }));
    group.#client = client;
    ends.push(() => understudyClient(client).close());
    return group;
  }

  call<T>(method: string, request: unknown = 'all'): Promise<T> {
    const path = `/test.${this.#name === 'feed' ? 'Feed' : 'Reader'}/${method}`;
    return new Promise((resolve, reject) =>
      this.#client?.makeUnaryRequest(
        path,
        (value: unknown) => Buffer.from(JSON.stringify(value)),
        (bytes) => JSON.parse(bytes.toString()) as T,
        request,
        (error: ServiceError | null, reply) => (error === null ? resolve(reply as T) : reject(error)),
      ),
    );
  }

  async killPrimary(): Promise<void> {
    for (const child of this.#processes) {
      child.send('status');
      const [{ role }] = (await once(child, 'message')) as [ReplicaStatus];
      if (role !== 'primary') continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
      this.#processes.splice(this.#processes.indexOf(child), 1);
      return;
    }
    throw new Error(`no primary of ${this.#name} runs`);
  }
}

const upTo = (n: number, from = 0): number[] => Array.from({ length: n - from }, (_, i) => from + i);

describe('handlers that stream with another group, all replicas of which are processes', () => {
  it('read and write each message once, though the primaries of both groups are killed', async () => {
    const mode = { leaseMs: LEASE_MS };
    const feed = await Group.start('feed', mode);
    const reader = await Group.start('reader', mode, feed.target);
    const publish = (values: readonly number[]) => feed.call<number>('Publish', values);
    const collected = reader.call('Collect', 'all');
    while ((await publish([])) !== 1);
    await publish(upTo(10));
    const written = [reader.call('Upload', 300), reader.call('Talk', 40)];
    while ((await feed.call<number[]>('Heard')).length < 20);
    // Messages of the streams are on their way in both directions when each primary dies.
    const more = publish(upTo(100, 10));
    await reader.killPrimary();
    await more;
    const evenMore = publish(upTo(200, 100));
    await feed.killPrimary();
    await evenMore;
    await publish([...upTo(210, 200), -1]);
    expect(await collected).toBe('end');
    expect(await reader.call('Heard')).toEqual(upTo(210));
    expect(await Promise.all(written)).toEqual([45_150, 40]);
    const heard = (await feed.call<number[]>('Heard')).sort((a, b) => a - b);
    expect(heard).toEqual([...upTo(301, 1), ...upTo(40, 1)].sort((a, b) => a - b));
  });
});
