import * as grpc from '@grpc/grpc-js';
import { registerUnderstudy } from '@understudy/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { Audit } from '../packages/examples/dist/bank/bank.js';
import type { Receipt } from '../packages/examples/dist/bank/operation.js';
import { BankClient, type DepositRequest } from '../packages/examples/dist/bank/proto.js';
import { bankServiceConfig } from '../packages/examples/dist/bank/service-config.js';
import { type Group, withGroup } from './group.js';

/** What a keyed call may be repeated for: a refusal by a backup, and a connection that broke. */
const RETRY_POLICY = {
  maxAttempts: 5,
  initialBackoff: '0.1s',
  maxBackoff: '1s',
  backoffMultiplier: 2,
  retryableStatusCodes: ['ABORTED', 'UNAVAILABLE'],
};

const clients: BankClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** A client that knows nothing of replication but what its options say. */
function connect(target: string, options: grpc.ClientOptions = {}): BankClient {
  const client = new BankClient(target, grpc.credentials.createInsecure(), options);
  clients.push(client);
  return client;
}

interface Answer<T> {
  readonly error: grpc.ServiceError | null;
  readonly reply: T | undefined;
}

type WithMetadata<Request, Reply> = (
  request: Request,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  done: grpc.requestCallback<Reply>,
) => unknown;

function deposit(client: BankClient, operationId: number, key?: string): Promise<Answer<Receipt>> {
  const metadata = new grpc.Metadata();
  if (key !== undefined) metadata.set('idempotency-key', key);
  const method = client.deposit as unknown as WithMetadata<DepositRequest, Receipt>;
  const request = { operationId, account: 'plain', amountCents: 100 };
  const deadline = Date.now() + 120_000;
  return new Promise((resolve) => {
    method.call(client, request, metadata, { deadline }, (error, reply) => resolve({ error, reply }));
  });
}

const IN_FLIGHT = 32;
const BREAK_AFTER = 500;

/** Keeps keyed calls in flight, each with its own key; `breakIt` is called after some replies, and what fails ends it. */
async function depositUntilBroken(
  client: BankClient,
  breakIt: () => Promise<void>,
): Promise<Map<number, Answer<Receipt>>> {
  const answers = new Map<number, Answer<Receipt>>();
  let breaking: Promise<void> | undefined;
  let sent = 0;
  const caller = async (): Promise<void> => {
    for (;;) {
      const id = ++sent;
      const answer = await deposit(client, id, `key-${id}`);
      answers.set(id, answer);
      if (answers.size >= BREAK_AFTER) breaking ??= breakIt();
      if (answer.error !== null) return;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  await breaking;
  return answers;
}

async function depositAgain(client: BankClient, ids: readonly number[]): Promise<Answer<Receipt>[]> {
  const answers: Answer<Receipt>[] = [];
  const caller = async (nth: number): Promise<void> => {
    for (let index = nth; index < ids.length; index += IN_FLIGHT) {
      const id = ids[index] ?? 0;
      answers[index] = await deposit(client, id, `key-${id}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, nth) => caller(nth)));
  return answers;
}

const audit = (client: BankClient): Promise<Answer<Audit>> =>
  new Promise((resolve) => {
    client.audit({}, (error, reply) => resolve({ error, reply }));
  });

const processed = async ({ replicas }: Group): Promise<number[]> =>
  (await Promise.all(replicas.ids.map((id) => replicas.report(id)))).map(({ status }) => status.processedUpTo);

/** The replicas by role, once the group is formed. */
function rolesOf({ replicas }: Group): { readonly primary: string; readonly backups: readonly string[] } {
  const primary = replicas.primary?.replica.id;
  if (primary === undefined) throw new Error('a formed group has a primary');
  return { primary, backups: replicas.inSyncBackups };
}

describe('an ordinary grpc-js client', () => {
  it('works against the primary, and a keyed retry has its effect once, even after a SIGKILL', () =>
    withGroup({}, async (group) => {
      const { replicas } = group;
      const { primary } = rolesOf(group);
      const client = connect(replicas.addressOf(primary));
      const first = await deposit(client, 1, 'key-1');
      expect(first.reply).toEqual({ operationId: 1, sequence: 1, balanceCents: 100, toBalanceCents: 0 });
      expect((await deposit(client, 1, 'key-1')).reply).toEqual(first.reply);
      expect((await deposit(client, 2)).reply?.sequence).toBe(2);
      // A key stands for one request; another request under it is refused.
      expect((await deposit(client, 9, 'key-1')).error).toMatchObject({ code: grpc.status.INVALID_ARGUMENT });

      await replicas.killPrimary(() => false);
      await replicas.until(() => replicas.primary !== undefined);
      const next = connect(replicas.addressOf(rolesOf(group).primary));
      expect((await deposit(next, 1, 'key-1')).reply).toEqual(first.reply);
      expect((await deposit(next, 3, 'key-3')).reply?.sequence).toBe(3);
      expect((await audit(next)).reply).toMatchObject({ operations: 3, depositedCents: 300 });
    }));

  it('repeats what a SIGKILL left open under its keys, and each has its effect once', () =>
    withGroup({}, async (group) => {
      const { replicas } = group;
      const client = connect(replicas.addressOf(rolesOf(group).primary));
      const answers = await depositUntilBroken(client, async () => {
        await replicas.killPrimary(() => false);
      });
      client.close();
      const ids = [...answers.keys()];
      const open = ids.filter((id) => answers.get(id)?.reply === undefined);
      console.log(`${ids.length} calls, of which the SIGKILL left ${open.length} open`);
      expect(open.length).toBeGreaterThan(0);
      expect(open.length).toBeLessThanOrEqual(IN_FLIGHT);
      for (const id of open) expect(answers.get(id)?.error?.code).toBe(grpc.status.UNAVAILABLE);

      await replicas.until(() => replicas.primary !== undefined);
      const next = connect(replicas.addressOf(rolesOf(group).primary));
      const again = await depositAgain(next, ids);
      expect(again.map(({ error }) => error?.message).filter(Boolean)).toEqual([]);
      for (const [index, { reply }] of again.entries()) {
        expect(reply?.operationId).toBe(ids[index]);
        const before = answers.get(ids[index] ?? 0)?.reply;
        if (before !== undefined) expect(reply).toEqual(before);
      }
      expect(new Set(again.map(({ reply }) => reply?.sequence)).size).toBe(ids.length);
      expect((await audit(next)).reply).toMatchObject({ operations: ids.length, depositedCents: ids.length * 100 });
    }));

  it('is refused by a backup before anything happens, and told where the primary is', () =>
    withGroup({}, async (group) => {
      const { replicas } = group;
      const { primary, backups } = rolesOf(group);
      const before = await processed(group);
      for (const backup of backups) {
        const client = connect(replicas.addressOf(backup));
        const { error } = await deposit(client, 1, 'key-1');
        expect(error?.code).toBe(grpc.status.ABORTED);
        expect(error?.details).toContain('UNDERSTUDY_NOT_PRIMARY');
        expect(error?.metadata.get('understudy-primary')).toEqual([replicas.addressOf(primary)]);
        expect((await audit(client)).error?.code).toBe(grpc.status.ABORTED);
      }
      expect(await processed(group)).toEqual(before);
      // Not even the key was taken note of.
      expect((await deposit(connect(replicas.addressOf(primary)), 2, 'key-1')).reply?.sequence).toBe(1);
    }));
});

describe('a client with our resolver and policy, and without our interceptor', () => {
  it('finds the primary by the retry policy, also the next one after a SIGKILL', () =>
    withGroup({}, async (group) => {
      const { replicas, mode } = group;
      registerUnderstudy();
      const serviceConfig = {
        ...bankServiceConfig(mode),
        methodConfig: [{ name: [{ service: 'bank.v1.Bank' }], retryPolicy: RETRY_POLICY }],
      };
      const options = { 'grpc.service_config': JSON.stringify(serviceConfig) };
      // Whichever place the primary has in the target.
      for (const shift of [0, 1, 2]) {
        const addresses = replicas.ids.map((_, i) => replicas.addressOf(replicas.ids[(i + shift) % 3] ?? ''));
        const client = connect(`understudy:///${addresses.join()}`, options);
        expect((await deposit(client, shift + 1, `key-${shift}`)).reply?.sequence).toBe(shift + 1);
      }
      const client = connect(replicas.target, options);
      expect((await deposit(client, 4, 'key-4')).reply?.sequence).toBe(4);
      await replicas.killPrimary(() => false);
      await replicas.until(() => replicas.primary !== undefined);
      expect((await deposit(client, 5, 'key-5')).reply?.sequence).toBe(5);
      expect((await deposit(client, 4, 'key-4')).reply?.sequence).toBe(4);
      expect((await audit(client)).reply?.operations).toBe(5);
    }));
});
