import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { Epoch, GroupRecord, OrderNum, Term } from '@understudy/core';
import { decodePeerChallenge, decodePeerHello, encodePeerChallenge, encodePeerFrame } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { type HostileOptions, HostilePeer, memberOf } from '../testing/links/hostile-peer.js';
import { type Node, Stage } from '../testing/stage.js';

const SECRET = 'a secret that only the tests know';
const groupSecret = SECRET;

let stage: Stage;
const peers: HostilePeer[] = [];
afterEach(async () => {
  for (const { stream } of peers.splice(0)) stream.close();
  await stage.end();
});

async function startGroup(size: number): Promise<Node[]> {
  stage = new Stage(memoryCoordinator());
  const nodes: Node[] = [];
  for (let i = 1; i <= size; i++) nodes.push(await stage.start(`r${i}`, { groupSecret }));
  return nodes;
}

function dial(node: Node, options: Partial<HostileOptions> = {}): HostilePeer {
  const peer = new HostilePeer({ address: node.address, serviceConfig: stage.serviceConfig, ...options });
  peers.push(peer);
  return peer;
}

/** A record that makes the stranger primary. */
const forged = (record: GroupRecord): GroupRecord => ({
  ...record,
  epoch: (record.epoch + 1) as Epoch,
  term: (record.term + 1) as Term,
  primary: memberOf('r9'),
  inSync: [memberOf('r9')],
  addresses: { ...record.addresses, r9: '127.0.0.1:9' },
});

async function newTerm(): Promise<Uint8Array> {
  const record = await stage.coordinator('counters').read();
  if (record === undefined) throw new Error('the group has no record');
  return encodePeerFrame({ kind: 'newTerm', record: forged(record), collect: false, heldUpTo: 0 as OrderNum });
}

async function unharmed(node: Node): Promise<void> {
  expect(node.status).toMatchObject({ role: 'primary', term: 1, primary: 'r1' });
  expect(node.failed).toBeUndefined();
  expect((await node.add('after', 1)).error).toBeNull();
}

describe('replicas that know the secret', () => {
  it('form a group, and serve calls on the port on which they prove themselves', async () => {
    const [primary, backup] = (await startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    expect(await primary.add('a', 5)).toEqual({ error: null, value: 5 });
    await stage.until(() => backup.counter.value === 5);
  });

  it('take from each other’s hello only what the secret vouches for', async () => {
    const [primary] = (await startGroup(1)) as [Node];
    const peer = dial(primary);
    await peer.prove(SECRET);
    peer.sayHello();
    expect(decodePeerHello(await peer.stream.next())).toMatchObject({ member: { id: 'r1' } });
  });
});

describe('a stranger on a port of a group with a secret', () => {
  it('is refused when it says hello without a proof', async () => {
    const [primary] = (await startGroup(1)) as [Node];
    const peer = dial(primary);
    peer.sayHello();
    const status = await peer.stream.ended;
    expect(status.code).toBe(9);
    expect(status.details).toContain('has no groupSecret and the other has one');
    await unharmed(primary);
  });

  it.each([
    ['a join', async () => encodePeerFrame({ kind: 'join', member: memberOf('r9'), address: '127.0.0.1:9' })],
    ['a forged record in newTerm', newTerm],
  ])('has nothing decoded that it sends before its proof: %s', async (_what, frame) => {
    const [primary] = (await startGroup(1)) as [Node];
    const peer = dial(primary);
    peer.send(await frame());
    expect(await peer.stream.ended).toMatchObject({ code: 3 });
    await unharmed(primary);
  });

  it('is refused with another secret, and learns no proof of the replica', async () => {
    const [primary] = (await startGroup(1)) as [Node];
    const peer = dial(primary);
    void peer.prove('another secret of enough bytes');
    const status = await peer.stream.ended;
    expect(status.details).toContain("does not know this group's secret");
    expect(peer.stream.raw).toHaveLength(1);
    await unharmed(primary);
  });

  it('gains nothing by replaying what a replica sent on another link', async () => {
    const [primary] = (await startGroup(1)) as [Node];
    const honest = dial(primary);
    await honest.prove(SECRET);
    honest.sayHello();
    await honest.stream.next();
    const thief = dial(primary);
    for (const message of honest.sent) thief.sendRaw(message);
    const status = await thief.stream.ended;
    expect(status.details).toContain("does not know this group's secret");
    await unharmed(primary);
  });

  it("gains nothing by sending a replica's own challenge and hello back to it", async () => {
    const [primary] = (await startGroup(1)) as [Node];
    const first = dial(primary);
    first.send(encodePeerChallenge({ group: 'counters', member: memberOf('r9'), nonce: Buffer.alloc(32) }));
    const theirs = decodePeerChallenge(await first.stream.next());
    const mirror = dial(primary);
    mirror.send(encodePeerChallenge(theirs));
    await mirror.stream.next();
    mirror.send(first.stream.raw[0] as Buffer);
    expect(await mirror.stream.ended).toMatchObject({ code: 3 });
    const insider = dial(primary);
    await insider.prove(SECRET);
    insider.sayHello();
    await insider.stream.next();
    // The replica's sealed hello, sent to itself on the same link.
    insider.sendRaw(insider.stream.raw[2] as Buffer);
    expect((await insider.stream.ended).details).toContain('wrong MAC');
    await unharmed(primary);
  });
});

describe('a link that has proved itself', () => {
  it.each([
    ['is altered', (message: Buffer) => Buffer.from(message.map((byte, i) => (i === 6 ? byte ^ 1 : byte)))],
    [
      'has an altered MAC',
      (message: Buffer) => Buffer.from(message.map((byte, i, { length }) => (i === length - 1 ? byte ^ 1 : byte))),
    ],
    ['has no MAC', (message: Buffer) => message.subarray(0, -18)],
  ])('ends when a frame on it %s', async (_what, change) => {
    const [primary] = (await startGroup(1)) as [Node];
    const peer = dial(primary);
    await peer.prove(SECRET);
    peer.sayHello();
    await peer.stream.next();
    peer.send(await newTerm(), change);
    const status = await peer.stream.ended;
    expect(status.code).toBe(3);
    expect(status.details).toContain('MAC');
    await unharmed(primary);
  });

  it('ends when the same frame comes twice', async () => {
    const [primary] = (await startGroup(1)) as [Node];
    const peer = dial(primary);
    await peer.prove(SECRET);
    peer.sayHello();
    await peer.stream.next();
    peer.sendFrame({ kind: 'bodies', bodies: [] });
    peer.sendRaw(peer.sent.at(-1) as Buffer);
    expect((await peer.stream.ended).details).toContain('repeated');
    await unharmed(primary);
  });

  it('is refused when its hello names another replica than its proof', async () => {
    const [primary, backup] = (await startGroup(2)) as [Node, Node];
    const peer = dial(primary);
    await peer.prove(SECRET);
    peer.sayHello({ member: backup.status.replica });
    expect((await peer.stream.ended).details).toContain('another replica than the one that proved itself');
  });

  it.each([
    ['for another', { member: memberOf('r8') }],
    ['at another address', { address: '127.0.0.1:10' }],
    ['at another address for replicas', { peerAddress: '127.0.0.1:10' }],
    ['at an address with a line break', { address: '127.0.0.1\r:10' }],
    ['at an address that is no host:port', { address: 'dns:///127.0.0.1' }],
  ])('ends when it asks to join %s', async (_what, change) => {
    const [primary] = (await startGroup(1)) as [Node];
    const peer = dial(primary);
    await peer.prove(SECRET);
    peer.sayHello();
    await peer.stream.next();
    peer.sendFrame({ kind: 'join', member: peer.member, address: '127.0.0.1:9', ...change });
    expect((await peer.stream.ended).metadata.get('understudy-code')).toEqual(['UNDERSTUDY_MALFORMED']);
    await unharmed(primary);
  });
});

describe('a replica that was broken into', () => {
  /** Knows the secret, and tells every replica of a record that it made up. */
  async function lie(
    nodes: readonly Node[],
    change: (record: GroupRecord) => GroupRecord,
    known?: GroupRecord,
  ): Promise<HostilePeer[]> {
    const record = known ?? (await stage.coordinator('counters').read());
    if (record === undefined) throw new Error('the group has no record');
    const liars: HostilePeer[] = [];
    for (const node of nodes) {
      const peer = dial(node, { dials: node.status.replica.id });
      await peer.prove(SECRET);
      peer.sayHello();
      await peer.stream.next();
      peer.sendFrame({ kind: 'newTerm', record: change(record), collect: false, heldUpTo: 0 as OrderNum });
      liars.push(peer);
    }
    return liars;
  }

  it('deceives nobody about the record, since the coordinator is asked', async () => {
    const nodes = await startGroup(3);
    const [primary, ...backups] = nodes as [Node, ...Node[]];
    await stage.until(() => primary.status.inSync.length === 3);
    const members = nodes.map(({ status }) => status.replica);
    const liars = await lie(nodes, (record) => ({ ...forged(record), inSync: [memberOf('r9'), ...members] }));
    for (const { stream } of liars) {
      expect((await stream.ended).details).toContain('a record that the coordinator never had');
    }
    expect(nodes.map(({ status }) => status.replica)).toEqual(members);
    await unharmed(primary);
    await stage.until(() => backups.every(({ counter }) => counter.value === 1));
  });

  it('deceives a backup that cannot reach the coordinator, until it can', async () => {
    const [primary, backup] = (await startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    const { incarnation } = backup.status.replica;
    const record = await stage.coordinator('counters').read();
    stage.coordinator.faults.setReachable(false);
    await lie([backup], (known) => ({ ...forged(known), inSync: [memberOf('r9'), backup.status.replica] }), record);
    await stage.until(() => backup.status.primary === 'r9');
    stage.coordinator.faults.setReachable(true);
    await stage.until(() => backup.status.role === 'backup' && backup.status.replica.incarnation !== incarnation);
    await stage.until(() => primary.status.inSync.some(({ id }) => id === 'r2'));
    expect(stage.logged.join()).toContain('a peer told of a record that the coordinator never had');
    await unharmed(primary);
    await stage.until(() => backup.counter.value === 1);
  });

  it.each([
    ['of another group', (record: GroupRecord) => ({ ...forged(record), group: 'others' })],
    ['whose primary is not in sync', (record: GroupRecord) => ({ ...forged(record), inSync: [memberOf('r8')] })],
    [
      'that names a replica twice',
      (record: GroupRecord) => ({ ...forged(record), inSync: [memberOf('r9'), memberOf('r9', 'b')] }),
    ],
  ])('is refused with a record that no coordinator would keep: one %s', async (_what, change) => {
    const [primary] = (await startGroup(1)) as [Node];
    const [liar] = await lie([primary], change);
    expect(await liar?.stream.ended).toMatchObject({ code: 3 });
    await unharmed(primary);
  });
});

describe('two secrets', () => {
  it('are refused when one is too short, and when there are three', async () => {
    stage = new Stage(memoryCoordinator());
    await expect(stage.bind('r1', { groupSecret: 'fifteen bytes..' })).rejects.toThrow('at least 16 bytes');
    await expect(stage.bind('r1', { groupSecret: [SECRET, SECRET, SECRET] })).rejects.toThrow('names 3 secrets');
    await expect(stage.bind('r1', { groupSecret: () => [] })).rejects.toThrow('names 0 secrets');
  });

  it('let a replica that has only the old one work with a replica that proves itself with the new one', async () => {
    stage = new Stage(memoryCoordinator());
    const NEW = 'the secret that comes next';
    const primary = await stage.start('r1', { groupSecret: [SECRET, NEW] });
    await stage.start('r2', { groupSecret: [NEW, SECRET] });
    await stage.until(() => primary.status.inSync.length === 2);
  });
});

describe('a group whose replicas disagree about having a secret', () => {
  it.each([
    ['the joining one has none', { groupSecret }, {}, 'has no groupSecret and the other has one'],
    ['the joining one alone has one', {}, { groupSecret }, 'has a groupSecret and the other has none'],
    [
      'each has its own',
      { groupSecret },
      { groupSecret: 'not the same as the other' },
      "does not know this group's secret",
    ],
  ])('does not form, and says why: %s', async (_what, ofFirst, ofSecond, reason) => {
    stage = new Stage(memoryCoordinator());
    await stage.start('r1', ofFirst);
    const second = await stage.bind('r2', ofSecond);
    await expect(second.start()).rejects.toThrow(reason);
  });
});
