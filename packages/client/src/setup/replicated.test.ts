import { type Client, Metadata } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, connectTo, echoing } from '../testing/echo.js';
import { type Answer, ScriptedGroup } from '../testing/scripted-replica.js';
import { replicatedForTest } from '../testing/session-under-test.js';
import { understudyClient } from './replicated.js';

const stoppers: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stoppers.splice(0).reverse()) await stop();
});

async function start(
  size: number,
  answer: Answer,
  options: Parameters<typeof replicatedForTest>[0] = {},
): Promise<{ group: ScriptedGroup; client: Client }> {
  const group = await ScriptedGroup.start(size, answer);
  const client = connectTo(group.target, replicatedForTest(options));
  stoppers.push(
    () => group.stop(),
    () => understudyClient(client).close(),
  );
  return { group, client };
}

describe('a replicated client', () => {
  it("sends a call to every replica and delivers the primary's reply", async () => {
    const { group, client } = await start(3, () => undefined);
    const asked = ask(client, 'hello');
    // This waits before the answer, because a session that has nothing left to do may end before it has reached all
    // replicas.
    for (const replica of group.replicas) {
      await replica.until(({ frames }) =>
        frames.some((frame) => frame.kind === 'multicast' && frame.requests.length > 0),
      );
    }
    await group.replicas[0]?.until(() => group.held.length === 1);
    group.answerHeld();
    expect(await asked).toMatchObject({ value: 'hello', error: null, events: ['metadata', 'value', 'status'] });
  });

  it('says which replica is the primary', async () => {
    const { group, client } = await start(2, echoing);
    group.primary = 1;
    await ask(client, 'hello');
    expect(understudyClient(client).status()).toMatchObject({
      primarySlot: 1,
      primaryReplica: 'r1',
      primary: `127.0.0.1:${group.replicas[1]?.port}`,
      openCalls: 0,
    });
  });

  it('passes metadata, deadline and method on to the handler', async () => {
    let seen: unknown;
    const { client } = await start(1, (request) => {
      seen = request;
      return echoing(request);
    });
    const metadata = new Metadata();
    metadata.add('tag', 'a');
    metadata.add('tag', 'b');
    metadata.add('blob-bin', Buffer.from([1, 2]));
    const deadline = Date.now() + 120_000;
    await ask(client, 'x', { metadata, options: { deadline } });
    expect(seen).toMatchObject({
      method: '/test.Echo/Echo',
      deadlineMs: deadline,
      metadata: [
        ['tag', 'a, b'],
        ['blob-bin', Buffer.from([1, 2])],
      ],
    });
  });

  it('carries a message of several megabytes', async () => {
    const { client } = await start(2, echoing);
    const text = 'x'.repeat(3_000_000);
    expect((await ask(client, text)).value).toBe(text);
  });

  it('takes no calls after close, as a bare client', async () => {
    const { client } = await start(1, echoing);
    await ask(client, 'x');
    client.close();
    await expect(ask(client, 'y')).rejects.toThrow('Channel has been shut down');
  });

  it('lets open calls end when it is closed', async () => {
    const { group, client } = await start(1, () => undefined);
    const heard = ask(client, 'x');
    await group.replicas[0]?.until(() => group.held.length === 1);
    const closed = understudyClient(client).close();
    group.answerHeld();
    expect((await heard).value).toBe('x');
    expect(await closed).toBe(true);
  });

  it('ends its session when idle, and starts another with a new connection', async () => {
    const { group, client } = await start(1, echoing);
    await ask(client, 'x');
    const first = understudyClient(client).status().connection;
    const [replica] = group.replicas;
    await replica?.until(({ frames, streams }) => frames.at(-1)?.kind === 'goodbye' && streams.size === 0);
    expect(understudyClient(client).status().connection).toBeUndefined();
    expect((await ask(client, 'y')).value).toBe('y');
    const second = understudyClient(client).status().connection;
    expect(second).toMatch(/^[0-9a-f]{32}$/);
    expect(second).not.toBe(first);
  });

  it('reconnects to a replica that sent garbage, and goes on', async () => {
    let holds = false;
    const { group, client } = await start(2, (request) => (holds ? undefined : echoing(request)));
    const [, backup] = group.replicas;
    const hellos = () => backup?.frames.filter((frame) => frame.kind === 'hello').length ?? 0;
    await ask(client, 'x');
    // The primary answers whether or not the backup's link is up by then.
    await backup?.until(() => hellos() === 1);
    // An open call keeps the session from ending before it has reconnected.
    holds = true;
    const open = ask(client, 'y');
    for (const stream of backup?.streams ?? []) stream.write(Buffer.from([0x0a, 3, 1, 2, 3]));
    await backup?.until(() => hellos() === 2);
    await group.replicas[0]?.until(() => group.held.length === 1);
    group.answerHeld();
    expect((await open).value).toBe('y');
  });
});

it.each([
  [{ interceptor: [] }, 'has no option "interceptor"; did you mean interceptors?'],
  [{ 'grpc.max_receive_message_length': 1 }, 'Channel options go beside it'],
])('replicated() refuses an option that it does not have: %j', (more, why) => {
  expect(() => replicatedForTest(more as never)).toThrow(why);
});
