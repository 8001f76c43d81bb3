import { Client, Metadata } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { connectionHex, type Request, type SeqNum } from '@understudy/core/internal';
import { connectionOf, encodeCaller, encodeRpcRequestHeader, SECRET_BYTES } from '@understudy/wire';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../testing/authority.js';
import { counterService } from '../testing/counter.js';
import { addition, HEADER, RawSession } from '../testing/links/raw-session.js';
import type { RawStream } from '../testing/links/raw-stream.js';
import { type Node, Stage } from '../testing/stage.js';

const VICTIM = Buffer.alloc(SECRET_BYTES, 1);

let stage: Stage;
const streams: RawStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await stage.end();
});

/** A session of which the test does not forget to close the link. */
function sessionOn(node: Node, secret: Uint8Array, tls?: ReturnType<Authority['client']>): RawSession {
  const session = new RawSession(node, secret, tls);
  streams.push(session.stream);
  return session;
}

describe('a session', () => {
  it('and its calls stay with their client when another client knows its connection', async () => {
    stage = new Stage(memoryCoordinator(), { carrier: 'rpc' });
    const node = await stage.start('r1');
    const victim = sessionOn(node, VICTIM);
    expect(await victim.hello()).toMatchObject({ kind: 'welcome' });

    // Whatever the other makes of the connection is a secret of its own, with another connection.
    const known = Buffer.alloc(SECRET_BYTES);
    known.write(connectionHex(connectionOf(VICTIM)), 'hex');
    const other = sessionOn(node, known);
    expect(await other.hello()).toMatchObject({ kind: 'welcome', receivedUpTo: 0 });
    expect(node.status.sessions).toBe(2);
    const stolen = { connection: connectionOf(VICTIM), seqNum: 1 as SeqNum, awaitStable: false, header: HEADER };
    const guess = Buffer.alloc(SECRET_BYTES, 2);
    const { error } = await node.call('Add', { id: 'a', by: 1 }, { 'understudy-header-bin': rpcHeader(stolen, guess) });
    expect(error?.details).toContain('UNDERSTUDY_NOT_PRIMARY: this session has no link');

    victim.request(1, addition('b'));
    expect(await victim.reply()).toBe('1');
    expect(node.counter.ids).toEqual(['b']);
  });

  it('says nothing of its secret in the log', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const session = sessionOn(node, VICTIM);
    await session.hello();
    session.stream.sendRaw(Buffer.from('garbage'));
    await session.stream.ended;
    await stage.until(() => stage.logged.join().includes('malformed'));
    expect(stage.logged.join('\n')).not.toContain(VICTIM.toString('hex'));
    expect(stage.logged.join('\n')).not.toContain(VICTIM.toString('base64'));
  });

  it('cannot use the idempotency key of another client’s call', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const hostile = sessionOn(node, VICTIM);
    await hostile.hello();
    hostile.request(1, { ...addition('x'), key: JSON.stringify(['', counterService.Add.path, 'k']) });
    expect((await hostile.stream.ended).details).toContain('a client named an idempotency key in a frame');
    expect(await node.call('Add', { id: 'a', by: 1 }, { 'idempotency-key': 'k' })).toEqual({ error: null, value: 1 });
    expect(node.counter.ids).toEqual(['a']);
  });
});

const rpcHeader = (...args: Parameters<typeof encodeRpcRequestHeader>): Buffer =>
  Buffer.from(encodeRpcRequestHeader(...args));

describe('where clients have certificates', () => {
  let authority: Authority;
  beforeAll(() => {
    authority = new Authority();
  });

  it('a session belongs to the certificate that opened it', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1', {}, undefined, authority.server(authority.issue('server')));
    const alice = sessionOn(node, VICTIM, authority.client(authority.issue('alice')));
    expect(await alice.hello()).toMatchObject({ kind: 'welcome' });
    for (const tls of [authority.client(authority.issue('mallory')), authority.client(authority.issue('mallory'))]) {
      expect(await sessionOn(node, VICTIM, tls).hello()).toMatchObject({
        ...{ kind: 'refused', code: 'UNDERSTUDY_NOT_OWNER' },
        reason: 'another client opened this session; open one of your own',
      });
    }
    expect(stage.logged.filter((line) => line.startsWith('warn a client spoke for the session'))).toHaveLength(1);
    alice.request(1, addition('a'));
    expect(await alice.reply()).toBe('1');
    // A renewed certificate has the same subject.
    expect(await sessionOn(node, VICTIM, authority.client(authority.issue('alice'))).hello()).toMatchObject({
      receivedUpTo: 1,
    });
  });

  it("so does an idempotency key: another's call under the same key is a call of its own", async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1', {}, undefined, authority.server(authority.issue('server')));
    const [alice, mallory, renewed] = ['alice', 'mallory', 'alice'].map(
      (name) => new Client(node.address, authority.client(authority.issue(name))),
    ) as [Client, Client, Client];
    const keyed = (client: Client, id: string): Promise<unknown> => {
      const { path, requestSerialize, responseDeserialize } = counterService.Add;
      const metadata = new Metadata();
      metadata.set('idempotency-key', 'k');
      return new Promise((resolve) => {
        client.makeUnaryRequest(
          ...([path, requestSerialize, responseDeserialize, { id, by: 1 }, metadata] as const),
          (error, value) => resolve(error?.details ?? value),
        );
      });
    };
    expect(await keyed(alice, 'a')).toBe(1);
    // The same request gets no reply of another's, and another request is no misuse of another's key.
    expect(await keyed(mallory, 'a')).toBe(2);
    expect(await keyed(mallory, 'b')).toContain('UNDERSTUDY_KEY_REUSED');
    // A certificate that was renewed names the same client.
    expect(await keyed(renewed, 'a')).toBe(1);
    expect(node.counter.ids).toEqual(['a', 'a']);
    for (const client of [alice, mallory, renewed]) client.close();
  });

  it('so does the name of a calling group', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1', {}, undefined, authority.server(authority.issue('server')));
    const named = (term: number, orderNum: number): Request['nested'] =>
      ({ client: 'shop/0a1b', term, id: { orderNum, index: 0 }, settledUpTo: 0 }) as unknown as Request['nested'];
    const shop = sessionOn(node, VICTIM, authority.client(authority.issue('shop')));
    await shop.hello();
    shop.request(1, { ...addition('a'), nested: named(1, 3) } as Request);
    expect(await shop.reply()).toBe('1');
    const mallory = sessionOn(node, Buffer.alloc(SECRET_BYTES, 2), authority.client(authority.issue('mallory')));
    await mallory.hello();
    mallory.request(1, { ...addition('x'), nested: named(Number.MAX_SAFE_INTEGER, 3) } as Request);
    expect(await mallory.reply()).toContain('UNDERSTUDY_NOT_OWNER');
    // The successor of the group's primary, on another connection.
    const successor = sessionOn(node, Buffer.alloc(SECRET_BYTES, 3), authority.client(authority.issue('shop')));
    await successor.hello();
    successor.request(1, { ...addition('a'), nested: named(2, 3) } as Request);
    expect(await successor.reply()).toBe('1');
    expect(node.counter.ids).toEqual(['a']);
  });
});

it('a client cannot choose the owner of the name that it uses', async () => {
  stage = new Stage(memoryCoordinator());
  const node = await stage.start('r1');
  const hostile = sessionOn(node, VICTIM);
  await hostile.hello();
  const nested = { client: 'shop/0a1b', term: 1, id: { orderNum: 3, index: 0 }, settledUpTo: 0, owner: 'secret' };
  hostile.request(1, { ...addition('x'), nested } as unknown as Request);
  expect((await hostile.stream.ended).details).toContain('a caller said itself whose name it uses');
  const caller = Buffer.from(encodeCaller(nested as never));
  const { error } = await node.call('Add', { id: 'x', by: 1 }, { 'understudy-nested-bin': caller });
  expect(error?.details).toContain('a caller said itself whose name it uses');
  expect(node.counter.ids).toEqual([]);
});
