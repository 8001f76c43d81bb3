import { Client, credentials, Metadata, type Server, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { currentHandling, expectCalls, type SendNested } from '@understudy/context';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { NestedCaller, Reply } from '@understudy/core/internal';
import { identity } from '@understudy/grpc-common';
import { encodeCaller } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Counter, counterService } from '../testing/counter.js';
import { textOf } from '../testing/other-service.js';
import { type Answer, type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

expectCalls();

const ADD = counterService.Add;
/** A handler that adds to its counter the result of the other group's counter. */
const relayService = { Relay: { ...ADD, path: '/test.Relay/Relay' } };

let callers: Stage;
let callees: Stage;
let client: Client;
/** The calls that left, from whichever replica. */
let sent: NestedCaller[];
/** What a call that left waits for. */
let road: Promise<void>;
beforeEach(() => {
  sent = [];
  road = Promise.resolve();
});
afterEach(async () => {
  await callers.end();
  await callees.end();
  client.close();
});

const rpc = (caller: NestedCaller, message: Buffer): Promise<Reply> =>
  new Promise((resolve) => {
    const metadata = new Metadata();
    metadata.set('understudy-nested-bin', Buffer.from(encodeCaller(caller)));
    client.makeUnaryRequest(ADD.path, identity, identity, message, metadata, (error, value) =>
      resolve(
        error === null
          ? { kind: 'reply', code: 0, details: 'OK', message: value as Buffer }
          : { kind: 'reply', code: error.code, details: error.details },
      ),
    );
  });

function ask(id: string): Promise<Reply> {
  const message = ADD.requestSerialize({ id, by: 1 });
  const send: SendNested = (caller, done) => {
    sent.push(caller);
    void road.then(() => rpc(caller, message)).then(done);
    return { cancel() {} };
  };
  return new Promise((resolve) => {
    currentHandling()?.nest({ method: ADD.path, message }, send, resolve);
  });
}

const addRelay = (server: Server, counter: Counter): void => {
  server.addService(relayService, {
    Relay: async (call: ServerUnaryCall<{ id: string }, number>, callback: sendUnaryData<number>) => {
      const outcome = await ask(call.request.id);
      counter.ids.push(`${call.request.id} ${textOf(outcome)}`);
      counter.value += 1;
      callback(null, counter.value);
    },
  });
};

async function twoGroups(settings: Record<string, unknown> = {}): Promise<[Node, Node, Node]> {
  callees = new Stage(memoryCoordinator(), { group: 'callees' });
  const callee = await callees.start('c1');
  client = new Client(callee.address, credentials.createInsecure());
  callers = new Stage(memoryCoordinator(), { group: 'callers', ...settings }, [], addRelay);
  const [primary, backup] = (await callers.startGroup(2)) as [Node, Node];
  await callers.until(() => primary.status.inSync.length === 2);
  return [primary, backup, callee];
}

function relay(node: Node, id: string): Promise<Answer> {
  const plain = new Client(node.address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = relayService.Relay;
  return new Promise((resolve) => {
    plain.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id }, (error, value) => {
      plain.close();
      resolve({ error, value: value as number | undefined });
    });
  });
}

const agreed = (a: Node, b: Node) => () =>
  a.status.processedUpTo === b.status.processedUpTo && a.status.digest === b.status.digest;

describe('a group whose handlers call another group', () => {
  it('makes one call for all its replicas, which all get the same result', async () => {
    const [primary, backup, callee] = await twoGroups();
    const answers = await Promise.all(['a', 'b', 'c'].map((id) => relay(primary, id)));
    expect(answers.map(({ error }) => error)).toEqual([null, null, null]);
    await callers.until(agreed(primary, backup));
    expect(callee.counter.ids).toHaveLength(3);
    expect(sent).toHaveLength(3);
    expect(backup.counter.ids).toEqual(primary.counter.ids);
    expect(primary.status.openNested).toBe(0);
  });

  it('serves other calls while a handler waits', async () => {
    const [primary, backup] = await twoGroups();
    let open = () => {};
    road = new Promise((resolve) => {
      open = resolve;
    });
    const waiting = relay(primary, 'a');
    await callers.until(() => backup.status.openNested === 1);
    expect(await primary.add('between', 5)).toEqual({ error: null, value: 5 });
    open();
    expect(await waiting).toEqual({ error: null, value: 6 });
    await callers.until(agreed(primary, backup));
    expect(backup.counter.ids).toEqual(['between', 'a 1']);
  });

  it.each(['semi-active', 'passive'])(
    'makes a call that takes effect once though its primary dies meanwhile: %s',
    async (replication) => {
      const [primary, backup, callee] = await twoGroups({ replication, leaseMs: SHORT_LEASE_MS });
      let open = () => {};
      road = new Promise((resolve) => {
        open = resolve;
      });
      void relay(primary, 'a');
      await callers.until(() => sent.length === 1);
      primary.crash();
      await callers.until(() => sent.length === 2);
      expect(sent[1]).toMatchObject({ client: sent[0]?.client, id: sent[0]?.id, term: 2 });
      open();
      await callers.until(() => backup.counter.ids.length === 1);
      expect(backup.counter.ids).toEqual(['a 1']);
      expect(callee.counter.ids).toEqual(['a']);
      await callers.until(() => backup.status.openNested === 0);
    },
  );
});

describe('a call whose header with the calling group cannot be read', () => {
  it('is refused and changes nothing', async () => {
    const [, , callee] = await twoGroups();
    for (const bytes of [Buffer.from([255, 1, 2]), Buffer.alloc(300, 7)]) {
      const { error } = await callee.call('Add', { id: 'garbage', by: 1 }, { 'understudy-nested-bin': bytes });
      expect(error).toMatchObject({ code: 3 });
      expect(error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_MALFORMED']);
    }
    expect(callee.counter.ids).toEqual([]);
    expect(callee.status.processedUpTo).toBe(0);
  });
});
