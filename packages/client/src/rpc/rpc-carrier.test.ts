import { type Client, Metadata } from '@grpc/grpc-js';
import type { SessionFrame } from '@understudy/core/internal';
import { callerEntries } from '@understudy/grpc-common';
import { decodeCaller } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { understudyClient } from '../setup/replicated.js';
import { ask, connectTo, echoing } from '../testing/echo.js';
import { RpcGroup } from '../testing/rpc-replica.js';
import { callerAt, ScriptedHandling } from '../testing/scripted-handling.js';
import { ScriptedGroup, type ScriptedReplica } from '../testing/scripted-replica.js';
import { ScriptedSession } from '../testing/scripted-session.js';
import { replicatedForTest } from '../testing/session-under-test.js';

const bodiesOf = (frames: readonly SessionFrame[]) =>
  frames.flatMap((frame) => (frame.kind === 'multicast' ? frame.requests : []));

describe('the rpc carrier', () => {
  let group: RpcGroup;
  let client: Client;
  beforeEach(async () => {
    group = await RpcGroup.start(3);
    client = connectTo(
      group.target,
      replicatedForTest({ carrier: 'rpc', session: (setup) => new ScriptedSession(setup) }),
    );
  });
  afterEach(async () => {
    await understudyClient(client).close();
    group.stop();
  });

  it('sends each call as an RPC with a header, to the slot that the session names', async () => {
    group.primary = 2;
    expect((await ask(client, 'x')).value).toBe('x');
    expect((await ask(client, 'y')).value).toBe('y');
    expect(group.headers.map(({ seqNum }) => seqNum)).toEqual([1, 2]);
    expect(new Set(group.headers.map(({ connection }) => connection)).size).toBe(1);
    // The session tried the replicas in turn. The slot is in no metadata that a replica sees.
    expect(group.replicas.map(({ answered, refused }) => [answered, refused])).toEqual([
      [0, 1],
      [0, 1],
      [2, 0],
    ]);
    expect(group.seen.flatMap((metadata) => metadata.get('understudy-slot'))).toEqual([]);
  });

  it('shows the application neither the header nor the slot', async () => {
    const { initialMetadata, trailers } = await ask(client, 'x');
    const keys = [...Object.keys(initialMetadata?.toJSON() ?? {}), ...Object.keys(trailers?.toJSON() ?? {})];
    expect(keys.filter((key) => key.startsWith('understudy'))).toEqual([]);
  });

  it('sends the metadata of the call', async () => {
    const metadata = new Metadata();
    metadata.set('tag', 'a');
    await ask(client, 'x', { metadata });
    expect(group.seen.at(-1)?.get('tag')).toEqual(['a']);
  });

  it('tells the primary the same deadline as the backups', async () => {
    const deadline = Date.now() + 30_000.5;
    await ask(client, 'x', { options: { deadline } });
    expect(group.seen.at(-1)?.get('understudy-deadline')).toEqual([String(deadline)]);
    await ask(client, 'y');
    expect(group.seen.at(-1)?.get('understudy-deadline')).toEqual([]);
  });

  it('sends the call to another replica when the primary dies', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    group.primary = 1;
    group.replicas[0]?.server.forceShutdown();
    expect((await ask(client, 'y')).value).toBe('y');
  });

  it('asks again when a replica dies between the header and the end of its reply', async () => {
    group.diesAfterInitialMetadata = true;
    expect((await ask(client, 'x')).value).toBe('x');
    expect(group.replicas.map(({ answered }) => answered)).toEqual([1, 1, 0]);
  });
});

describe('the rpc carrier with a real session and its links', () => {
  it('sends a call to the primary as an RPC, and its body to the other replicas in frames', async () => {
    const group = await ScriptedGroup.start(3, echoing);
    const rpcs = new RpcGroup();
    for (const { server, port } of group.replicas) rpcs.serve(server, port);
    group.primary = rpcs.primary = 1;
    const client = connectTo(group.target, replicatedForTest({ carrier: 'rpc' }));
    expect((await ask(client, 'x')).value).toBe('x');
    expect(rpcs.replicas.map(({ answered, refused }) => [answered, refused])).toEqual([
      [0, 0],
      [1, 0],
      [0, 0],
    ]);
    await group.replicas[0]?.until(({ frames }) => bodiesOf(frames).length === 1);
    expect(bodiesOf(group.replicas[1]?.frames ?? [])).toEqual([]);
    expect((await ask(client, 'y', { method: 'look' })).value).toBe('y');
    expect(rpcs.headers.map(({ seqNum }) => seqNum)).toEqual([1, 0]);
    await understudyClient(client).close();
    group.stop();
  });

  it('tells the primary in the RPC which group calls, as it tells the other replicas, with the same request', async () => {
    const group = await ScriptedGroup.start(2, echoing);
    const rpcs = new RpcGroup();
    for (const { server, port } of group.replicas) rpcs.serve(server, port);
    const client = connectTo(group.target, replicatedForTest({ carrier: 'rpc' }));
    const metadata = new Metadata();
    metadata.set('tag', 'a');
    // A session that has nothing left to do may end before it has reached all replicas.
    rpcs.mayReply = (group.replicas[1] as ScriptedReplica).until(({ frames }) => bodiesOf(frames).length === 1);
    const handling = ScriptedHandling.byHand();
    const asked = handling.run(() => ask(client, 'x', { metadata }));
    handling.only.receive(await handling.only.send(callerAt(7, 1)));
    expect((await asked).value).toBe('x');
    const primary = rpcs.seen.at(-1);
    expect(decodeCaller(primary?.get('understudy-nested-bin')[0] as Buffer)).toEqual(callerAt(7, 1));
    const [body] = bodiesOf(group.replicas[1]?.frames ?? []);
    expect(body?.request).toEqual({
      method: '/test.Echo/Echo',
      message: Buffer.from('x'),
      metadata: callerEntries(primary ?? new Metadata()),
      nested: callerAt(7, 1),
    });
    await understudyClient(client).close();
    group.stop();
  });

  it('sends in frames what gRPC does not let pass, such as a call of a method that no server has', async () => {
    const group = await ScriptedGroup.start(3, echoing);
    const client = connectTo(group.target, replicatedForTest({ carrier: 'rpc' }));
    expect((await ask(client, 'x')).value).toBe('x');
    expect((await ask(client, 'y', { method: 'look' })).value).toBe('y');
    await understudyClient(client).close();
    group.stop();
  });
});
