import { EventEmitter } from 'node:events';
import {
  type Client,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type ServerUnaryCall,
  status as Status,
} from '@grpc/grpc-js';
import { type SessionEvent, STREAM_WINDOW } from '@understudy/core/internal';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MakeSession } from '../session/session-port.js';
import { understudyClient } from '../setup/replicated.js';
import { connectTo, echoing } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';
import { noNotes, type StreamNotes, scriptedStreams } from '../testing/scripted-streams.js';
import { replicatedForTest } from '../testing/session-under-test.js';
import { StreamingCall } from '../testing/stream-client.js';
import { done, type HandlerSide, obedient, type StreamHandler } from '../testing/stream-handler.js';

let group: ScriptedGroup;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  group = await ScriptedGroup.start(1, echoing);
});
afterAll(() => group.stop());
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function connect(
  handler: StreamHandler = obedient,
  options: Parameters<typeof replicatedForTest>[0] = {},
): { client: Client; notes: StreamNotes } {
  const notes = noNotes();
  const client = connectTo(group.target, replicatedForTest({ session: scriptedStreams(handler, notes), ...options }));
  closers.push(() => understudyClient(client).close());
  return { client, notes };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i + 1}`);
/** How many messages a readable stream of grpc-js reads ahead. */
const READ_AHEAD = 16;
/** More messages than a window holds. */
const MANY = 3 * STREAM_WINDOW;

describe('a stream of a replicated client', () => {
  it('carries 10,000 messages each way whole and in order', async () => {
    const { client, notes } = connect();
    const { events } = await new StreamingCall(client, 'echo', {}).write(...numbers(10_000)).end().heard;
    expect(events).toEqual(['metadata', ...numbers(10_000), 'status 0', 'end']);
    expect(notes).toMatchObject({ given: 10_000, ended: 1, cancelled: 0 });
  });

  it('tells the session exactly what the application has taken', async () => {
    const { client, notes } = connect();
    const call = new StreamingCall(client, 'list', { kind: 'watch', count: MANY });
    call.call.once('data', () => call.call.pause());
    await call.until(({ events }) => events.includes('1'));
    await new Promise(setImmediate);
    expect(notes.taken.at(-1)).toBeLessThanOrEqual(1 + READ_AHEAD);
    call.call.resume();
    expect((await call.heard).events).toEqual(['metadata', ...numbers(MANY), 'status 0', 'end']);
    expect(notes.taken).toEqual([...notes.taken].sort((a, b) => a - b));
    expect(notes.taken.at(-1)).toBeGreaterThan(MANY - STREAM_WINDOW);
  });

  it('counts initial metadata among the items', async () => {
    const { client, notes } = connect((call) => {
      call.sendMetadata([['first', '1']]);
      call.send('a');
      call.onMessage(() => call.finish(done));
    });
    const call = new StreamingCall(client, 'hang', {});
    await call.until(({ events }) => events.includes('a'));
    expect(notes.taken).toEqual([1, 2]);
    await call.write('x').heard;
  });

  it('confirms a written message when there is room for another', async () => {
    let handler: HandlerSide | undefined;
    const { client, notes } = connect((call) => {
      handler = call;
    });
    const call = new StreamingCall(client, 'hang', { kind: 'upload' }).write(...numbers(MANY)).end();
    await call.until(({ written }) => written === STREAM_WINDOW - 1);
    await new Promise(setImmediate);
    expect(call.written).toBe(STREAM_WINDOW - 1);
    expect(notes).toMatchObject({ given: STREAM_WINDOW, read: 0, ended: 0 });
    handler?.onMessage(() => {});
    await call.until(({ written }) => written === MANY);
    handler?.send('enough');
    handler?.finish(done);
    expect((await call.heard).events).toContain('value enough');
    expect(notes).toMatchObject({ given: MANY, read: MANY, ended: 1 });
  });

  it('calls the callbacks of waiting writes after its end', async () => {
    const { client, notes } = connect();
    const call = new StreamingCall(client, 'hang', {}).write(...numbers(MANY));
    await call.until(({ written }) => written === STREAM_WINDOW - 1);
    call.call.cancel();
    await call.until(({ written }) => written === MANY);
    expect(notes.given).toBe(STREAM_WINDOW);
    expect((await call.heard).status.code).toBe(Status.CANCELLED);
  });

  it('takes what an interceptor sends without waiting', async () => {
    const hasty: Interceptor = (options, nextCall) => {
      const inner = nextCall(options);
      return new InterceptingCall(inner, {
        start: (metadata, listener, next) => {
          next(metadata, listener);
          for (const text of numbers(100)) inner.sendMessage(text);
          inner.halfClose();
        },
      });
    };
    const { client } = connect(obedient, { interceptors: [hasty] });
    const { events } = await new StreamingCall(client, 'echo', {}).heard;
    expect(events).toEqual(['metadata', ...numbers(100), 'status 0', 'end']);
  });

  it('ends when an interceptor sends after the end, as in grpc-js', async () => {
    const late: Interceptor = (options, nextCall) => {
      const inner = nextCall(options);
      return new InterceptingCall(inner, {
        halfClose: (next) => {
          next();
          inner.sendMessage('late');
        },
      });
    };
    const { client } = connect(obedient, { interceptors: [late] });
    const { status } = await new StreamingCall(client, 'hang', {}).write('a').end().heard;
    expect(status).toMatchObject({ code: Status.INTERNAL, details: 'Write error: write after end' });
  });

  it("passes through the application's interceptors, in their order", async () => {
    const marking =
      (name: string): Interceptor =>
      (options, nextCall) =>
        new InterceptingCall(nextCall(options), {
          start: (metadata, _listener, next) => {
            metadata.set('tag', name);
            next(metadata, {
              onReceiveMessage: (message, forward) => setImmediate(() => forward(`${message}<${name}`)),
            });
          },
          sendMessage: (message, next) => next(`${message}>${name}`),
        });
    const { client, notes } = connect(obedient, { interceptors: [marking('a'), marking('b')] });
    const { events } = await new StreamingCall(client, 'echo', {}).write('x').end().heard;
    expect(events).toEqual(['metadata', 'x>a>b<b<a', 'status 0', 'end']);
    expect(notes.opened[0]?.metadata).toContainEqual(['tag', 'b']);
  });

  it('is cancelled with the server call that it is part of', async () => {
    const parent = Object.assign(new EventEmitter(), { getDeadline: () => Number.POSITIVE_INFINITY });
    const { client, notes } = connect();
    const options = { parent: parent as unknown as ServerUnaryCall<unknown, unknown> };
    const call = new StreamingCall(client, 'list, then hang', { count: 1, options });
    await call.until(({ events }) => events.includes('1'));
    parent.emit('cancelled');
    expect((await call.heard).status.details).toMatch(/^Cancelled by parent call/);
    expect(notes.cancelled).toBe(1);
    expect(parent.listenerCount('cancelled')).toBe(0);
  });

  it('goes on when its application throws', async () => {
    const { client } = connect();
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
    const listeners = process.rawListeners('uncaughtException').slice(0, -1);
    for (const each of listeners) process.off('uncaughtException', each as NodeJS.UncaughtExceptionListener);
    const call = new StreamingCall(client, 'echo', {});
    call.call.once('metadata', () => {
      throw new Error('application');
    });
    const { events } = await call.write('a', 'b').end().heard;
    expect(await thrown).toMatchObject({ message: 'application' });
    for (const each of listeners) process.on('uncaughtException', each as NodeJS.UncaughtExceptionListener);
    expect(events).toEqual(['metadata', 'a', 'b', 'status 0', 'end']);
  });
});

describe('a stream that prefers waiting for a connection', () => {
  /** Makes sessions of which the first fails its first stream at this event, before anything was sent. */
  function failingOnce(kind: SessionEvent['kind']): { session: MakeSession; failed: () => boolean } {
    const make = scriptedStreams(obedient);
    let failed = false;
    const session: MakeSession = (setup) => {
      const inner = make(setup);
      return {
        get wantsFlush() {
          return inner.wantsFlush;
        },
        step(event, nowMs) {
          if (failed || event.kind !== kind || !('call' in event)) return inner.step(event, nowMs);
          failed = true;
          const { call } = event;
          inner.step({ kind: 'cancel', call }, nowMs);
          const reason = 'no primary was reached; nothing was sent';
          return [{ kind: 'fail', call, code: 'UNDERSTUDY_UNREACHABLE', reason, mayHaveTakenEffect: false }];
        },
      };
    };
    return { session, failed: () => failed };
  }

  it('opens again from its first message when nothing was sent', async () => {
    const { session, failed } = failingOnce('streamEnd');
    const { client } = connect(obedient, { session });
    const metadata = new Metadata({ waitForReady: true });
    const call = new StreamingCall(client, 'count', { kind: 'upload', metadata }).write('a', 'b').end();
    expect((await call.heard).events).toEqual(['metadata', 'value 2', 'status 0']);
    expect(call.written).toBe(2);
    expect(failed()).toBe(true);
  });

  it('opens again with its one request', async () => {
    const { session, failed } = failingOnce('openStream');
    const { client } = connect(obedient, { session });
    const metadata = new Metadata({ waitForReady: true });
    const call = new StreamingCall(client, 'say the request', { kind: 'watch', metadata, request: 'please' });
    expect((await call.heard).events).toContain('please');
    expect(failed()).toBe(true);
  });
});
