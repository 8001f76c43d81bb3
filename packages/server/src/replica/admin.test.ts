import { fileURLToPath } from 'node:url';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { operatorProof, secretBytes } from '@understudy/grpc-common';
import { afterEach, describe, expect, it } from 'vitest';
import { Authority } from '../testing/authority.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const protos = fileURLToPath(new URL('../../../../protos', import.meta.url));
const definition = loadSync('understudy/v1/admin.proto', { includeDirs: [protos], longs: Number, enums: String });
interface AdminPackage {
  understudy: { v1: { Admin: ServiceClientConstructor } };
}
const Admin = (loadPackageDefinition(definition) as unknown as AdminPackage).understudy.v1.Admin;

let stage: Stage;
let client: Client | undefined;
afterEach(async () => {
  client?.close();
  await stage.end();
});

type Name = 'Status' | 'StepDown' | 'Challenge' | 'Remove' | 'Restore';

function ask(
  node: Node,
  name: Name,
  proof?: Buffer,
  address = node.address,
  by = credentials.createInsecure(),
  request: object = {},
) {
  client?.close();
  client = new Admin(address, by);
  const call = Object.getPrototypeOf(client)[name] as (...args: unknown[]) => void;
  const metadata = new Metadata();
  if (proof !== undefined) metadata.set('understudy-proof-bin', proof);
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    call.call(client, request, metadata, (error: Error | null, answer: Record<string, unknown>) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
}

describe('the Admin service', () => {
  it('gives the status as its proto file defines it, on a backup too', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    await primary.add('a', 5);
    await stage.until(() => backup.status.stableUpTo === 1);
    const { replica, digest, epoch, ...known } = backup.status;
    expect(await ask(backup, 'Status')).toMatchObject({
      group: 'counters',
      replica: { id: 'r2', incarnation: Buffer.from(replica.incarnation, 'hex') },
      role: 'ROLE_BACKUP',
      term: 1,
      epoch,
      primary: 'r1',
      inSync: known.inSync.map(({ id, incarnation }) => ({ id, incarnation: Buffer.from(incarnation, 'hex') })),
      heldUpTo: 1,
      processedUpTo: 1,
      stableUpTo: 1,
      digest,
    });
  });

  it('hands over and says to which replica', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    expect(await ask(primary, 'StepDown')).toMatchObject({ handedOverTo: 'r2' });
    await stage.until(() => backup.status.role === 'primary');
  });
});

describe('an operator', () => {
  const remove = (node: Node, replica: string) => ask(node, 'Remove', undefined, undefined, undefined, { replica });
  const named = async () => Object.keys((await stage.coordinator('counters').read())?.addresses ?? {});

  it.each([
    ['by the service Admin', remove],
    ['by the replica itself', (node: Node, replica: string) => node.replica.remove(replica)],
  ])('removes from the record a replica that is gone, and none that runs: %s', async (_how, remove) => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, backup, third] = (await stage.startGroup(3)) as [Node, Node, Node];
    await expect(remove(primary, 'r3')).rejects.toThrow('r3 runs, and would join again; stop it first');
    await expect(remove(backup, 'r3')).rejects.toThrow('only the primary can remove a replica');
    await expect(remove(primary, 'r1')).rejects.toThrow('r1 is the primary');
    await expect(remove(primary, 'r'.repeat(300))).rejects.toThrow('the record does not name rrr');
    third.crash();
    while ((await named()).includes('r3')) {
      await remove(primary, 'r3').catch((error: Error) => {
        expect(error.message).toMatch(/r3 runs|another change of the record|does not name/);
      });
      // Links break in turns of their own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await named()).toEqual(['r1', 'r2']);
    await expect(remove(primary, 'r3')).rejects.toThrow('the record does not name r3');
  });

  it('has a replica put back a lost record when no primary runs that could', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    await expect(ask(backup, 'Restore')).rejects.toThrow('the record is not lost');
    primary.crash();
    stage.coordinator.faults.replaceRecord('counters', undefined, false);
    await stage.until(() => backup.status.blocked !== undefined);
    await ask(backup, 'Restore');
    await stage.until(() => backup.status.role === 'primary');
    expect(await backup.add('a', 1)).toEqual({ error: null, value: 2 });
  });
});

const groupSecret = 'a secret that only the tests know';

interface Challenge {
  readonly nonce: Buffer;
  readonly group: string;
  readonly replica: string;
}

async function proofFor(node: Node, method: string, change: object = {}, secret = groupSecret): Promise<Buffer> {
  const { nonce, group, replica } = (await ask(node, 'Challenge')) as unknown as Challenge;
  return Buffer.concat([nonce, operatorProof(secretBytes(secret), { method, group, replica, nonce, ...change })]);
}

describe('the Admin service of a group with a secret', () => {
  it('refuses a caller that does not prove the secret', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1', { groupSecret });
    await expect(ask(node, 'StepDown')).rejects.toThrow("prove that you know the group's secret");
    await expect(ask(node, 'Status')).rejects.toThrow('UNDERSTUDY_SETUP');
    await expect(ask(node, 'StepDown', Buffer.alloc(96))).rejects.toThrow('the challenge is too old');
    const other = await proofFor(node, 'StepDown', {}, 'another secret of enough bytes');
    await expect(ask(node, 'StepDown', other)).rejects.toThrow("does not fit this group's secret");
    expect(node.status.role).toBe('primary');
  });

  it('takes a proof for one call of one method on one replica only', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1', { groupSecret });
    const other = await stage.start('r2', { groupSecret });
    const ofStatus = await proofFor(node, 'Status');
    await expect(ask(node, 'StepDown', ofStatus)).rejects.toThrow('does not fit');
    await expect(ask(other, 'Status', ofStatus)).rejects.toThrow('is not from this replica');
    expect(await ask(node, 'Status', ofStatus)).toMatchObject({ role: 'ROLE_PRIMARY' });
    await expect(ask(node, 'Status', ofStatus)).rejects.toThrow('was used before');
    await expect(ask(node, 'StepDown', await proofFor(node, 'StepDown', { replica: 'r2' }))).rejects.toThrow('fit');
    await stage.until(() => node.status.inSync.length === 2);
    expect(await ask(node, 'StepDown', await proofFor(node, 'StepDown'))).toMatchObject({ handedOverTo: 'r2' });
  });
});

describe('the Admin service on a listener with mutual TLS', () => {
  it('serves only certificates of operators and replicas', async () => {
    const authority = new Authority();
    stage = new Stage(memoryCoordinator());
    const names = { peerNames: { r1: 'r1', r2: 'r2' }, operatorNames: ['operator'] };
    const node = await stage.start('r1', { ...authority.peerOptions(authority.issue('r1')), ...names });
    const { peerAddress = '' } = (await stage.coordinator('counters').present())[0] ?? {};
    const as = (name: string) => ask(node, 'Status', undefined, peerAddress, authority.client(authority.issue(name)));
    await expect(as('somebody')).rejects.toThrow('neither operatorNames nor peerNames lists');
    await expect(ask(node, 'Status', undefined, peerAddress, authority.client())).rejects.toThrow('UNAVAILABLE');
    expect(await as('operator')).toMatchObject({ role: 'ROLE_PRIMARY' });
    expect(await as('r2')).toMatchObject({ role: 'ROLE_PRIMARY' });
    expect(await ask(node, 'StepDown', undefined, peerAddress, authority.client(authority.issue('operator')))).toEqual(
      {},
    );
  });
});
