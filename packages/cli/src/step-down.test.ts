import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import type { Coordinator, Incarnation, ReplicaId } from '@understudy/core';
import { operatorProof, PROOF_KEY, secretBytes } from '@understudy/grpc-common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './run.js';

const SECRET = 'a secret that only the tests know';
const NONCE = Buffer.alloc(64, 7);

let dir: string;
let server: Server;
let coordinator: Coordinator;
let asked: string[];

const bytes = (value: Buffer): Buffer => value;
const method = (name: string) => ({
  ...{ path: `/understudy.v1.Admin/${name}`, requestStream: false, responseStream: false },
  ...{ requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes },
});
const field = (number: number, value: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);

type Answer = (error: object | null, answer?: Buffer) => void;

/** A replica of which only the Admin service runs, and that knows the secret. */
beforeEach(async () => {
  asked = [];
  dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  server = new Server();
  server.addService({ Challenge: method('Challenge'), StepDown: method('StepDown') } as never, {
    Challenge: (_call: unknown, answer: Answer) => {
      answer(null, Buffer.concat([field(1, NONCE), field(2, 'bank'), field(3, 'bank-1')]));
    },
    StepDown: ({ metadata }: { metadata: Metadata }, answer: Answer) => {
      const [proof] = metadata.get(PROOF_KEY);
      const asks = { method: 'StepDown', group: 'bank', replica: 'bank-1', nonce: NONCE };
      const right = Buffer.concat([NONCE, operatorProof(secretBytes(SECRET), asks)]);
      asked.push(Buffer.isBuffer(proof) ? 'with a proof' : 'without a proof');
      if (Buffer.isBuffer(proof) && proof.equals(right)) answer(null, field(1, 'bank-2'));
      else answer({ code: status.FAILED_PRECONDITION, details: 'UNDERSTUDY_SETUP: no proof' });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  coordinator = embeddedCoordinator(dir)('bank');
  const member = { id: 'bank-1' as ReplicaId, incarnation: '01'.repeat(16) as Incarnation };
  await coordinator.announce({ member, address: '127.0.0.1:9', peerAddress: `127.0.0.1:${port}` });
});
afterEach(async () => {
  server.forceShutdown();
  await coordinator.close();
  await rm(dir, { recursive: true });
});

async function understudy(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await run(['stepdown', '--dir', dir, '--group', 'bank', ...args], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

describe('understudy stepdown', () => {
  it('proves that it knows the secret, at the listener for replicas, and says who follows', async () => {
    const file = join(dir, 'secret');
    await writeFile(file, `${SECRET}\nthe secret of yesterday\n`);
    const result = await understudy('--replica', 'bank-1', '--group-secret-file', file);
    expect(result).toEqual({ code: 0, out: '"bank-1" has handed over to "bank-2".\n', err: '' });
    expect(asked).toEqual(['with a proof']);
    const json = await understudy('--replica', 'bank-1', '--group-secret-file', file, '--json');
    expect(JSON.parse(json.out)).toEqual({
      ...{ group: 'bank', replica: 'bank-1', done: 'stopped serving', handedOverTo: 'bank-2' },
    });
  });

  it('is refused without a secret, and with one that cannot be used', async () => {
    expect(await understudy('--replica', 'bank-1')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no proof\n$/),
    });
    expect(asked).toEqual(['without a proof']);
    const file = join(dir, 'secret');
    await writeFile(file, 'short');
    const { code, err } = await understudy('--replica', 'bank-1', '--group-secret-file', file);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^UNDERSTUDY_SETUP: groupSecret must be/) });
    expect(err).not.toContain('short');
  });

  it('fails when the replica does not run', async () => {
    const { code, err } = await understudy('--replica', 'bank-3');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('"bank-3" does not run') });
  });
});
