import { type Client, type ClientDuplexStream, Metadata, status as Status } from '@grpc/grpc-js';
import { currentHandling, type ParentCall } from '@understudy/context';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nested } from '../nested/nested.js';
import { startBareStreams } from '../testing/bare-streams.js';
import { connectTo, echoDefinition } from '../testing/echo.js';
import { HandlerReplicas } from '../testing/handler-replicas.js';
import { type Heard, type Kind, type StreamAsk, StreamingCall } from '../testing/stream-client.js';
import { type Does, type HandlerSide, obedient } from '../testing/stream-handler.js';

let server: Awaited<ReturnType<typeof startBareStreams>>;
let client: Client;
/** How often each kind of handler was started at the callee. */
let started: HandlerSide[];
let received: string[];
beforeEach(async () => {
  started = [];
  received = [];
  server = await startBareStreams((call) => {
    started.push(call);
    obedient({ ...call, onMessage: (hear) => call.onMessage((text) => void received.push(text) ?? hear(text)) });
  });
  client = connectTo(`127.0.0.1:${server.port}`, nested());
});
afterEach(() => {
  client.close();
  server.stop();
});

const stream = (does: Does, ask: StreamAsk) => (): StreamingCall => new StreamingCall(client, does, ask);
const all = (calls: readonly StreamingCall[]): Promise<Heard[]> => Promise.all(calls.map(({ heard }) => heard));

/** Has a client outside of handlers and handlers on two replicas do the same, and expects them to hear the same. */
async function sameAsBare(does: Does, ask: StreamAsk, act: (call: StreamingCall) => void = () => {}): Promise<Heard> {
  const bare = stream(does, ask)();
  act(bare);
  const expected = await bare.heard;
  const group = new HandlerReplicas(2);
  const calls = group.run(stream(does, ask));
  group.goOn((index) => act(calls[index] as StreamingCall));
  for (const heard of await all(calls)) {
    expect(heard.events).toEqual(expected.events);
    expect(heard.status).toMatchObject({ code: expected.status.code, details: expected.status.details });
    expect(heard.initialMetadata?.getMap()).toMatchObject(withoutTransport(expected.initialMetadata));
  }
  expect(group.open).toBe(0);
  return expected;
}

const withoutTransport = (metadata: Metadata | undefined): Record<string, unknown> => {
  const { date: _, ...rest } = metadata?.getMap() ?? {};
  return rest;
};

describe('a stream that a handler opens at a service that is not replicated', () => {
  it.each([
    ['list', 'watch', 5],
    ['list', 'watch', 1000],
    ['list, then fail', 'watch', 0],
    ['send metadata and a message', 'watch', 0],
    ['send metadata, then fail', 'watch', 0],
    ['say the request', 'watch', 0],
    ['send something unparsable', 'watch', 0],
  ] as const)('brings each replica what a bare call brings: %s to %s, %i', async (does, kind: Kind, count) => {
    await sameAsBare(does, { kind, count });
    expect(started).toHaveLength(2);
  });

  it.each([1, 100, 500])('carries %i messages of the handler once', async (count) => {
    const texts = Array.from({ length: count }, (_, i) => `${i}`);
    await sameAsBare('count', { kind: 'upload' }, (call) => call.write(...texts).end());
    expect(received).toEqual([...texts, ...texts]);
  });

  it('carries messages both ways', async () => {
    const { events } = await sameAsBare('echo', { kind: 'chat' }, (call) => call.write('a', 'b', 'c').end());
    expect(events).toEqual(expect.arrayContaining(['a', 'b', 'c', 'end', 'status 0']));
  });

  it('answers each message that the handler writes after it has read the answer to the last', async () => {
    const group = new HandlerReplicas(2);
    const talk = async (): Promise<string[]> => {
      const { path, requestSerialize, responseDeserialize } = echoDefinition.chat;
      const metadata = new Metadata();
      metadata.set('does', 'echo');
      const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
      const heard: string[] = [];
      call.write('0');
      for await (const text of call as ClientDuplexStream<string, string>) {
        heard.push(`${text} ${currentHandling() !== undefined}`);
        if (heard.length === 20) call.end();
        else call.write(`${heard.length}`);
      }
      return heard;
    };
    const [one, two] = await Promise.all(group.run(talk));
    expect(one).toEqual(Array.from({ length: 20 }, (_, i) => `${i} true`));
    expect(two).toEqual(one);
    expect(started).toHaveLength(1);
  });

  it('ends when the callee ends it before the handler does', async () => {
    await sameAsBare('fail on the first message', { kind: 'chat' }, (call) => call.write('a'));
    await sameAsBare('finish on the first message', { kind: 'chat' }, (call) => call.write('a'));
  });

  it('has metadata, and a key by which the callee may recognise it', async () => {
    const metadata = new Metadata();
    metadata.set('tag', 'x');
    const group = new HandlerReplicas(1);
    const calls = group.run(stream('hang', { kind: 'chat', metadata }));
    await vi.waitFor(() => expect(started[0]?.metadata).toEqual(expect.arrayContaining([['tag', 'x']])), 30_000);
    group.goOn((index) => calls[index]?.call.cancel());
    await all(calls);
  });

  it('has a deadline', async () => {
    const group = new HandlerReplicas(1);
    const [heard] = await all(group.run(stream('hang', { kind: 'chat', options: { deadline: Date.now() + 50 } })));
    expect(heard?.status.code).toBe(Status.DEADLINE_EXCEEDED);
  });

  it('is cancelled at one place in the order', async () => {
    const group = new HandlerReplicas(2);
    const calls = group.run(stream('list, then hang', { kind: 'watch', count: 3 }));
    const cancelled = new Promise<void>((resolve) => {
      void calls[0]?.until(({ events }) => events.includes('3')).then(() => started[0]?.onCancelled(resolve));
    });
    await Promise.all(calls.map((call) => call.until(({ events }) => events.includes('3'))));
    group.goOn((index) => calls[index]?.call.cancel());
    const [one, two] = await all(calls);
    expect(one?.status).toMatchObject({ code: Status.CANCELLED, details: 'Cancelled on client' });
    expect(two?.events).toEqual(one?.events);
    await cancelled;
    expect(group.open).toBe(0);
  });

  it('is read no faster than its items are ordered and taken', async () => {
    const group = new HandlerReplicas(2);
    const calls = group.run(stream('list', { kind: 'watch', count: 2000, paused: true }));
    // The handlers take what fits the buffers of their streams, and then nothing more.
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    const before = group.requests.length;
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect(group.requests).toHaveLength(before);
    expect(before).toBeLessThan(20);
    group.goOn((index) => calls[index]?.call.resume());
    const [one, two] = await all(calls);
    expect(one?.events).toHaveLength(2000 + 3);
    expect(two?.events).toEqual(one?.events);
  });

  it('ends alike on all replicas when the primary that had opened it dies', async () => {
    const group = new HandlerReplicas(3);
    const calls = group.run(stream('list, then hang', { kind: 'watch', count: 3 }));
    await Promise.all(calls.map((call) => call.until(({ events }) => events.includes('3'))));
    group.killPrimary();
    const [two, three] = await all(calls.slice(1));
    expect(two?.events).toEqual(['metadata', '1', '2', '3', 'error', `status ${Status.UNAVAILABLE}`, 'end']);
    expect(three?.events).toEqual(two?.events);
    expect(two?.status.details).toMatch(/^UNDERSTUDY_INDETERMINATE: .* may have had effects/);
    expect(two?.status.metadata.get('understudy-may-have-taken-effect')).toEqual(['true']);
    expect(started).toHaveLength(1);
    expect(group.open).toBe(0);
  });

  it('ends when the handler is cancelled', async () => {
    const listeners = new Set<() => void>();
    const parent: ParentCall = {
      deadlineMs: undefined,
      ended: false,
      onCancelled: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const group = new HandlerReplicas(1, parent);
    const calls = group.run(stream('hang', { kind: 'chat' }));
    group.goOn(() => {
      for (const listener of listeners) listener();
    });
    const [heard] = await all(calls);
    expect(heard?.status).toMatchObject({ code: Status.CANCELLED, details: 'Cancelled by parent call' });
    expect(listeners.size).toBe(0);
  });

  it.each([
    [false, Status.DEADLINE_EXCEEDED],
    [true, Status.OK],
  ])('ends at the deadline of the handler, unless that has answered: %s', async (ended, code) => {
    const group = new HandlerReplicas(1, { deadlineMs: Date.now() - 1, ended, onCancelled: () => () => {} });
    const calls = group.run(stream(ended ? 'list' : 'hang', { kind: 'watch', count: 1 }));
    const [heard] = await all(calls);
    expect(heard?.status.code).toBe(code);
  });

  it('cannot be opened where nobody listens', async () => {
    const nowhere = connectTo('localhost:1', nested());
    const group = new HandlerReplicas(2);
    const calls = group.run(() => new StreamingCall(nowhere, 'list', { kind: 'watch' }));
    const [one, two] = await all(calls);
    expect(one?.status.code).toBe(Status.UNAVAILABLE);
    expect(two?.events).toEqual(one?.events);
    nowhere.close();
  });
});
