/** Large requests and replies in one turn, with small calls beside them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const MIB = 1024 * 1024;
/** No busy machine stalls a process for this long. */
const LEASE_MS = 20_000;
const REPLICA = new URL('./large/replica.mjs', import.meta.url);
const same = (bytes: Buffer): Buffer => bytes;

class Blobs {
  readonly #children: ChildProcess[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'understudy-large-'));
  readonly #ports: number[] = [];
  /** The events that the client of the running test has logged. */
  logged: string[] = [];
  #client: Client | undefined;
  #plain: Client | undefined;

  async start(carrier: string): Promise<void> {
    for (const id of ['r1', 'r2', 'r3']) {
      const child = fork(REPLICA, [id, this.#directory, carrier, String(LEASE_MS)], { execArgv: [] });
      this.#children.push(child);
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      this.#ports.push(port);
    }
  }

  /** Gives each test clients of its own. */
  connect(carrier: string): void {
    const ports = this.#ports;
    const logged: string[] = [];
    this.logged = logged;
    this.#plain = new Client(`127.0.0.1:${ports[0]}`, credentials.createInsecure());
    this.#client = new Client(
      `understudy:///${ports.map((port) => `127.0.0.1:${port}`)}`,
      credentials.createInsecure(),
      {
        ...replicated({
          serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'blobs', carrier } }] },
          logger: { log: (_level, event) => logged.push(event) },
        }),
        'grpc.max_receive_message_length': -1,
      },
    );
  }

  /** @returns the reply, or the error's text */
  call(method: 'Put' | 'Get', request: Buffer): Promise<Buffer | string> {
    return new Promise((resolve) => {
      const ended = (error: ServiceError | null, reply?: Buffer) => resolve(reply ?? String(error?.message));
      this.#client?.makeUnaryRequest(`/test.Blobs/${method}`, same, same, request, ended);
    });
  }

  /** A call of a client without our interceptor: the primary itself sends its body to the backups. */
  plainPut(request: Buffer): Promise<Buffer | string> {
    return new Promise((resolve) => {
      const ended = (error: ServiceError | null, reply?: Buffer) => resolve(reply ?? String(error?.message));
      this.#plain?.makeUnaryRequest('/test.Blobs/Put', same, same, request, ended);
    });
  }

  disconnect(): void {
    this.#plain?.close();
    this.#client?.close();
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

let blobs: Blobs;

/** Makes all calls in one turn, and a small one every 10 ms until they have ended. */
async function besideSmallOnes(large: () => Promise<Buffer | string>[]) {
  const smalls: Promise<string>[] = [];
  let over = false;
  const ended = Promise.all(large()).finally(() => {
    over = true;
  });
  while (!over) {
    smalls.push(blobs.call('Put', Buffer.alloc(10)).then(String));
    await wait(10);
  }
  return { replies: await ended, smalls: new Set(await Promise.all(smalls)) };
}

describe.each(['stream', 'rpc'])('with the carrier %s', (carrier) => {
  // All replicas of one group serve these tests, each of which has clients of its own.
  beforeAll(async () => {
    blobs = new Blobs();
    await blobs.start(carrier);
  });
  beforeEach(() => blobs.connect(carrier));
  afterEach(() => blobs.disconnect());
  afterAll(() => blobs.end());

  it.each([
    [100, 1],
    [10, 8],
    [4, 64],
  ])('%d requests of %d MiB in one turn succeed, and so do small calls beside them', async (count, size) => {
    const body = Buffer.alloc(size * MIB, 1);
    const { replies, smalls } = await besideSmallOnes(() =>
      Array.from({ length: count }, () => blobs.call('Put', body)),
    );
    expect(new Set(replies.map(String))).toEqual(new Set([String(size * MIB)]));
    expect(smalls).toEqual(new Set(['10']));
    expect(blobs.logged).not.toContain('link dropped');
  });

  it.each([
    [100, 1],
    [10, 8],
    [4, 64],
  ])('%d replies of %d MiB in one turn arrive, and small calls beside them succeed', async (count, size) => {
    const { replies, smalls } = await besideSmallOnes(() =>
      Array.from({ length: count }, () => blobs.call('Get', Buffer.from(String(size * MIB)))),
    );
    expect(replies.filter((reply) => typeof reply === 'string')).toEqual([]);
    expect(new Set(replies.map((reply) => reply.length))).toEqual(new Set([size * MIB]));
    expect(smalls).toEqual(new Set(['10']));
    expect(blobs.logged).not.toContain('link dropped');
  });

  it('requests of plain clients reach the backups, and small calls beside them succeed', async () => {
    const body = Buffer.alloc(4 * MIB, 1);
    const { replies, smalls } = await besideSmallOnes(() => Array.from({ length: 10 }, () => blobs.plainPut(body)));
    expect(new Set(replies.map(String))).toEqual(new Set([String(4 * MIB)]));
    expect(smalls).toEqual(new Set(['10']));
  });
});
