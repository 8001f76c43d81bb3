import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import type { Coordinator, Epoch, GroupRecord, Incarnation, ReplicaId, Term } from '@understudy/core';
import { operatorProof, PROOF_KEY, secretBytes } from '@understudy/grpc-common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './run.js';

const SECRET = 'a secret that only the tests know';
const NONCE = Buffer.alloc(64, 7);
const member = (id: string, digits: string) => ({
  id: id as ReplicaId,
  incarnation: digits.repeat(16) as Incarnation,
});
const FIRST = member('bank-1', '01');
const SECOND = member('bank-2', '02');

let dir: string;
let server: Server;
let coordinators: Coordinator[];
let asked: string[];

const bytes = (value: Buffer): Buffer => value;
const method = (name: string) => ({
  ...{ path: `/understudy.v1.Admin/${name}`, requestStream: false, responseStream: false },
  ...{ requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes },
});
const field = (number: number, value: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);

type Answer = (error: object | null, answer?: Buffer) => void;
interface Call {
  readonly request: Buffer;
  readonly metadata: Metadata;
}

const record = (epoch: number, names: readonly string[]): GroupRecord => ({
  ...{ version: 1, group: 'bank', origin: FIRST.incarnation, secret: 'of tests' },
  ...{ epoch: epoch as Epoch, term: 1 as Term, primary: FIRST, inSync: [FIRST, SECOND] },
  addresses: Object.fromEntries(names.map((name) => [name, '127.0.0.1:9'])),
  ...{
    adoptedThrough: [],
    forced: false,
    ended: false,
    settings: '{}',
    code: [{ term: 1 as Term, version: 'bank@1', replication: 'semi-active' as const }],
  },
});

/** A primary of which only the Admin service runs: the first Remove finds the replica still connected. */
beforeEach(async () => {
  asked = [];
  coordinators = [];
  dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  server = new Server();
  const proves = ({ metadata }: Call, name: string): boolean => {
    const [proof] = metadata.get(PROOF_KEY);
    const asks = { method: name, group: 'bank', replica: 'bank-1', nonce: NONCE };
    const right = Buffer.concat([NONCE, operatorProof(secretBytes(SECRET), asks)]);
    return Buffer.isBuffer(proof) && proof.equals(right);
  };
  const refusal = (why: string) => ({ code: status.FAILED_PRECONDITION, details: `UNDERSTUDY_SETUP: ${why}` });
  const methods = ['Challenge', 'StepDown', 'Remove', 'Restore'].map((name) => [name, method(name)]);
  server.addService(Object.fromEntries(methods), {
    Challenge: (_call: Call, answer: Answer) => {
      answer(null, Buffer.concat([field(1, NONCE), field(2, 'bank'), field(3, 'bank-1')]));
    },
    StepDown: (call: Call, answer: Answer) => {
      asked.push('StepDown');
      if (proves(call, 'StepDown')) answer(null, Buffer.alloc(0));
      else answer(refusal('no proof'));
    },
    Remove: (call: Call, answer: Answer) => {
      const replica = call.request.subarray(2).toString();
      asked.push(`Remove ${replica}`);
      if (!proves(call, `Remove ${replica}`)) return answer(refusal('no proof'));
      if (asked.length === 1) return answer(refusal(`${replica} runs, and would join again; stop it first`));
      coordinators[0]?.compareAndSwap(1 as Epoch, record(2, ['bank-1', 'bank-2'])).then(() => {
        answer(null, Buffer.alloc(0));
      });
    },
    Restore: (call: Call, answer: Answer) => {
      asked.push('Restore');
      answer(proves(call, 'Restore') ? null : refusal('no proof'), Buffer.alloc(0));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  coordinators = [FIRST, SECOND].map(() => embeddedCoordinator(dir)('bank'));
  await coordinators[0]?.compareAndSwap(0 as Epoch, record(1, ['bank-1', 'bank-2', 'bank-3']));
  await coordinators[0]?.announce({ member: FIRST, address: '127.0.0.1:9', peerAddress: `127.0.0.1:${port}` });
  await coordinators[1]?.announce({ member: SECOND, address: `127.0.0.1:${port}` });
  await writeFile(join(dir, 'secret'), SECRET);
});
afterEach(async () => {
  server.forceShutdown();
  await Promise.all(coordinators.map((coordinator) => coordinator.close()));
  await rm(dir, { recursive: true });
});

async function understudy(command: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const secret = ['--group-secret-file', join(dir, 'secret')];
  const code = await run([command, '--dir', dir, '--group', 'bank', ...secret, ...args], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

describe('understudy', () => {
  it('remove takes a replica out of the record, and waits for a link that is about to break', async () => {
    expect(await understudy('remove', '--replica', 'bank-3')).toEqual({
      ...{ code: 0, out: '"bank-3" is removed from "bank".\n', err: '' },
    });
    expect(asked).toEqual(['Remove bank-3', 'Remove bank-3']);
    expect(await understudy('remove', '--replica', 'bank-9')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('the record of "bank" does not name "bank-9"') },
    });
  });

  it('add waits until a replica is in sync, and fails when its time is up', async () => {
    expect(await understudy('add', '--replica', 'bank-2')).toMatchObject({ code: 0, out: '"bank-2" is in sync.\n' });
    expect(await understudy('add', '--replica', 'bank-3', '--timeout', '0.3')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('"bank-3" is not in sync yet') },
    });
    expect(await understudy('add', '--replica', 'bank-3', '--timeout', 'x')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('--timeout takes seconds') },
    });
  });

  it('replace waits for the new replica, and removes the old one', async () => {
    expect(await understudy('replace', '--replica', 'bank-3', '--by', 'bank-2')).toEqual({
      ...{ code: 0, out: '"bank-2" is in sync.\n"bank-3" is removed from "bank".\n', err: '' },
    });
    expect(asked).toEqual(['Remove bank-3', 'Remove bank-3']);
  });

  it('restore has a replica put the record back', async () => {
    expect(await understudy('restore', '--replica', 'bank-1')).toEqual({
      ...{ code: 0, out: '"bank-1" puts the record of "bank" back.\n', err: '' },
    });
    expect(asked).toEqual(['Restore']);
    expect(await understudy('restore', '--replica', 'bank-7')).toMatchObject({ code: 1 });
  });

  it.each([
    ['add', ['--replica', 'bank-2'], [{ replica: 'bank-2', done: 'in sync' }]],
    ['remove', ['--replica', 'bank-3'], [{ replica: 'bank-3', done: 'removed' }]],
    [
      'replace',
      ['--replica', 'bank-3', '--by', 'bank-2'],
      [
        { replica: 'bank-2', done: 'in sync' },
        { replica: 'bank-3', done: 'removed' },
      ],
    ],
    ['restore', ['--replica', 'bank-1'], [{ replica: 'bank-1', done: 'puts the record back' }]],
  ])('%s says with --json what it did, each thing on a line', async (command, args, done) => {
    const { code, out, err } = await understudy(command, ...args, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(done.map((each) => ({ group: 'bank', ...each })));
  });

  it.each(['add', 'remove', 'replace', 'restore'])('%s says with --json why it did nothing', async (command) => {
    const by = command === 'replace' ? ['--by', 'bank-9'] : [];
    const { code, out, err } = await understudy(command, '--replica', 'bank-9', ...by, '--timeout', '0.1', '--json');
    expect(code).toBe(1);
    const { error } = JSON.parse(out);
    expect(error.code).toBe('UNDERSTUDY_SETUP');
    expect(err).toBe(`${error.message}\n`);
  });
});
