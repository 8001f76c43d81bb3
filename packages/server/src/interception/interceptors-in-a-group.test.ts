import { Metadata, ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

/** An interceptor that lets pass callers with a token, and tells the handler whose token it is. */
const authenticate: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next(
        new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, pass) => {
            const [token] = metadata.get('token');
            if (token === undefined) {
              call.sendStatus({ code: 16, details: 'who are you?', metadata: new Metadata() });
              return;
            }
            metadata.set('user', `the owner of ${token}`);
            pass(metadata);
          })
          .build(),
      ),
  });

/** An interceptor that replies with double what the handler said. */
const doubling: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, { sendMessage: (message, next) => next(Number(message) * 2) });

async function twoReplicas(users: ServerInterceptor[]): Promise<[Node, Node]> {
  stage = new Stage(memoryCoordinator(), {}, users);
  const nodes = (await stage.startGroup(2)) as [Node, Node];
  await stage.until(() => nodes[0].status.inSync.length === 2);
  return nodes;
}

describe("the user's interceptors", () => {
  it('end a call before it is ordered, so that no replica executes it', async () => {
    const [primary, backup] = await twoReplicas([authenticate]);
    const { error } = await primary.add('a', 1);
    expect(error).toMatchObject({ code: 16, details: 'who are you?' });
    expect((await primary.call('Add', { id: 'b', by: 2 }, { token: 't' })).value).toBe(2);
    await stage.until(() => backup.counter.ids.length === 1);
    expect([primary.counter.ids, backup.counter.ids]).toEqual([['b'], ['b']]);
    await stage.until(() => primary.status.digest === backup.status.digest);
  });

  it('change what handlers get, alike on every replica', async () => {
    const [primary, backup] = await twoReplicas([authenticate]);
    await primary.call('Add', { id: 'a', by: 1 }, { token: 't' });
    await stage.until(() => backup.counter.users.length === 1);
    expect(primary.counter.users).toEqual(['the owner of t']);
    expect(backup.counter.users).toEqual(['the owner of t']);
  });

  it('change what is sent, while digests compare what handlers did', async () => {
    const [primary, backup] = await twoReplicas([doubling]);
    expect(await primary.add('a', 5)).toEqual({ error: null, value: 10 });
    await stage.until(() => backup.status.processedUpTo === primary.status.processedUpTo);
    expect(backup.status.digest).toBe(primary.status.digest);
    expect(primary.counter.value).toBe(5);
  });
});
