import { type CallOptions, type ClientOptions, credentials, Metadata, status as Status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { understudyClient } from '../setup/replicated.js';
import { startBareStreams } from '../testing/bare-streams.js';
import { connectTo, echoing } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';
import { noNotes, type StreamNotes, scriptedStreams } from '../testing/scripted-streams.js';
import { replicatedForTest } from '../testing/session-under-test.js';
import { type Heard, type StreamAsk, StreamingCall } from '../testing/stream-client.js';
import { type Does, obedient } from '../testing/stream-handler.js';

/** What grpc-js puts into replies by itself, and what we do. */
const NOT_COMPARED = ['content-type', 'date', 'grpc-accept-encoding', 'accept-encoding'];
const OURS = ['understudy-code', 'understudy-may-have-taken-effect'];

function visible(metadata: Metadata | undefined): object {
  const copy = { ...metadata?.toJSON() };
  for (const key of [...NOT_COMPARED, ...OURS]) delete copy[key];
  return copy;
}

describe('a replicated streaming call beside a bare one', () => {
  let group: ScriptedGroup;
  let bareTarget: string;
  let stopBare: () => void;

  beforeAll(async () => {
    group = await ScriptedGroup.start(2, echoing);
    const { port, stop } = await startBareStreams(obedient);
    bareTarget = `localhost:${port}`;
    stopBare = stop;
  });
  afterAll(() => {
    group.stop();
    stopBare();
  });

  /** The same call by both clients: what the applications hear. */
  async function both(does: Does, how: StreamAsk | (() => StreamAsk) = {}, options: ClientOptions = {}) {
    const fresh = (): StreamAsk => ({ ...(typeof how === 'function' ? how() : how) });
    const notes: StreamNotes = noNotes();
    const bare = connectTo(bareTarget, options);
    const ours = connectTo(group.target, {
      ...replicatedForTest({ session: scriptedStreams(obedient, notes) }),
      ...options,
    });
    try {
      const heard = {
        bare: await new StreamingCall(bare, does, fresh()).heard,
        ours: await new StreamingCall(ours, does, fresh()).heard,
        notes,
      };
      expect(heard.ours.events).toEqual(heard.bare.events);
      expect(heard.ours.status.code).toEqual(heard.bare.status.code);
      expect(heard.ours.error?.code).toEqual(heard.bare.error?.code);
      expect(visible(heard.ours.initialMetadata)).toEqual(visible(heard.bare.initialMetadata));
      expect(visible(heard.ours.status.metadata)).toEqual(visible(heard.bare.status.metadata));
      return heard;
    } finally {
      bare.close();
      await understudyClient(ours).close();
    }
  }

  const sameDetails = ({ bare, ours }: { bare: Heard; ours: Heard }): void =>
    expect(ours.status.details).toEqual(bare.status.details);

  const saying =
    (...texts: string[]) =>
    (call: StreamingCall): void =>
      void call.write(...texts).end();

  it('echoes', async () => {
    const { ours } = await both('echo', { made: saying('a', 'b', 'c') });
    expect(ours.events).toEqual(['metadata', 'a', 'b', 'c', 'status 0', 'end']);
    expect(ours.written).toBe(3);
  });

  it('ends without a message of either side', async () => {
    const { ours } = await both('echo', { made: saying() });
    expect(ours.events).toEqual(['status 0', 'end']);
  });

  it('uploads', async () => {
    const { ours } = await both('count', { kind: 'upload', made: saying('a', 'b', 'c') });
    expect(ours.events).toEqual(['metadata', 'value 3', 'status 0']);
  });

  it('sends what a method with one request takes, as it opens', async () => {
    const { ours, notes } = await both('say the request', { kind: 'watch', request: 'please' });
    expect(ours.events).toEqual(['metadata', 'please', 'status 0', 'end']);
    expect(notes).toMatchObject({ given: 0, ended: 0 });
  });

  it.each([0, 1, 3, 500])('hears a list of %i', async (count) => {
    const { ours } = await both('list', { kind: 'watch', count });
    expect(ours.events.at(-2)).toBe('status 0');
  });

  it.each([0, 1, 3, 500])('hears an error after %i messages', async (count) => {
    const heard = await both('list, then fail', { kind: 'watch', count });
    sameDetails(heard);
    expect(visible(heard.ours.status.metadata)).toEqual({ why: ['gone'] });
  });

  it('hears an error after initial metadata', async () => {
    sameDetails(await both('send metadata, then fail', { kind: 'upload', made: saying() }));
    const { ours } = await both('send metadata, then fail');
    expect(ours.events).toEqual(['metadata', 'error', 'status 5', 'end']);
  });

  it('hears initial metadata and trailers', async () => {
    const { ours } = await both('send metadata and a message', { kind: 'watch' });
    expect(visible(ours.initialMetadata)).toEqual({ first: ['1'], 'blob-bin': [Buffer.from([0, 255])] });
    expect(visible(ours.status.metadata)).toEqual({ last: ['2'] });
  });

  it('may go on writing to a handler that has ended', async () => {
    const made = saying(...Array.from({ length: 100 }, (_, i) => `${i}`));
    for (const kind of ['upload', 'chat'] as const)
      sameDetails(await both('fail on the first message', { kind, made }));
    sameDetails(await both('finish on the first message', { made }));
  });

  it('sends metadata', async () => {
    const metadata = new Metadata();
    metadata.add('tag', 'a');
    metadata.add('tag', 'b');
    const { ours } = await both('say the metadata', { kind: 'watch', metadata });
    expect(ours.events).toContain('[["tag","a, b"]]');
  });

  it.each(['upload', 'chat'] as const)('cannot serialize a message (%s)', async (kind) => {
    sameDetails(await both('hang', { kind, made: saying('one', 'unserializable') }));
  });
  it('cannot serialize the request', async () => {
    sameDetails(await both('hang', { kind: 'watch', request: 'unserializable' }));
  });
  it('cannot parse a message', async () => {
    const heard = await both('send something unparsable', { kind: 'watch' });
    sameDetails(heard);
    expect(heard.ours.status.metadata.get('understudy-may-have-taken-effect')).toEqual(['true']);
  });

  it.each(['upload', 'chat'] as const)('sends too large a message (%s)', async (kind) => {
    const options = { 'grpc.max_send_message_length': 50 };
    sameDetails(await both('hang', { kind, made: saying('one', 'x'.repeat(100)) }, options));
  });
  it('receives too large a message', async () => {
    const heard = await both('send something large', { kind: 'watch' }, { 'grpc.max_receive_message_length': 50 });
    sameDetails(heard);
    expect(heard.notes.cancelled).toBe(0);
  });
  it('cancels when it receives too large a message', async () => {
    const made = (call: StreamingCall): void => void call.write('x'.repeat(100));
    const heard = await both('echo', { made }, { 'grpc.max_receive_message_length': 50 });
    sameDetails(heard);
    expect(heard.notes.cancelled).toBe(1);
  });

  const deadlineIn = (ms: number): CallOptions => ({ deadline: Date.now() + ms });
  const afterFirst =
    (act: (call: StreamingCall) => void) =>
    (call: StreamingCall): void =>
      void call.until(({ events }) => events.includes('1')).then(() => act(call));
  const cancel = (call: StreamingCall): void => call.call.cancel();

  it.each(['upload', 'watch', 'chat'] as const)('ends at its deadline (%s)', async (kind) => {
    const { ours } = await both('hang', () => ({ kind, options: deadlineIn(100) }));
    expect(ours.status.details).toMatch(/^Deadline exceeded after \d+\.\d{3}s; the call may have taken effect$/);
    expect(ours.status.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_INDETERMINATE']);
  });

  it('ends at its deadline after messages', async () => {
    const { ours, notes } = await both('list, then hang', () => ({ count: 3, options: deadlineIn(150) }));
    expect(ours.events).toEqual(['metadata', '1', '2', '3', 'error', 'status 4', 'end']);
    expect(notes.cancelled).toBe(1);
  });

  it('ends at once when its deadline is past, and has taken no effect', async () => {
    const { ours, notes } = await both('echo', { made: (call) => call.write('a'), options: deadlineIn(-5) });
    expect(ours.status.details).toContain('the call has taken no effect');
    expect(notes.opened).toEqual([]);
  });

  it('hears nothing of a deadline after its end', async () => {
    const { ours } = await both('echo', () => ({ made: saying('a'), options: deadlineIn(10_000) }));
    expect(ours.status.code).toBe(Status.OK);
  });

  it('is cancelled at once, and has taken no effect', async () => {
    for (const kind of ['upload', 'watch'] as const) {
      const { ours, notes } = await both('hang', { kind, made: cancel });
      expect(ours.status.details).toBe('Cancelled on client; the call has taken no effect');
      expect(notes.opened).toEqual([]);
    }
  });

  it('is cancelled while it lasts', async () => {
    const { ours, notes } = await both('list, then hang', { count: 1, made: afterFirst(cancel) });
    expect(ours.status.details).toBe('Cancelled on client; the call may have taken effect');
    expect(notes.cancelled).toBe(1);
  });

  it('cannot be cancelled after its end', async () => {
    const made = (call: StreamingCall): void => {
      saying('a')(call);
      call.call.on('status', () => cancel(call));
    };
    expect((await both('echo', { made })).notes.cancelled).toBe(0);
  });

  it('hears of an error though it does not read, and then of nothing more', async () => {
    const { ours } = await both('list, then fail', { kind: 'watch', count: 40, paused: true });
    expect(ours.events).toEqual(['metadata', 'error', 'status 5']);
  });

  it('is cancelled though it does not read, even if the server is done', async () => {
    const made = (call: StreamingCall): void => void setTimeout(() => cancel(call), 100);
    const { ours } = await both('list', { kind: 'watch', count: 40, paused: true, made });
    expect(ours.events).toEqual(['metadata', 'error', 'status 1']);
    expect(ours.status.details).toBe('Cancelled on client; the call may have taken effect');
  });

  const giving = (give: (callback: (error: Error | null, metadata?: Metadata) => void) => void) =>
    credentials.createFromMetadataGenerator((_params, callback) => give(callback));
  const authorization = new Metadata();
  authorization.set('authorization', 'me');

  it.each(['upload', 'watch', 'chat'] as const)('adds the metadata of call credentials (%s)', async (kind) => {
    const late = giving((callback) => setTimeout(() => callback(null, authorization), 20));
    const made = kind === 'watch' ? (): void => {} : saying('a', 'b');
    const { ours } = await both('say the metadata', { kind, made, options: { credentials: late } });
    expect(ours.events.join()).toContain('[["authorization","me"]]');
  });

  it('hears of failing credentials', async () => {
    const failing = giving((callback) => callback(new Error('no token')));
    const heard = await both('echo', { made: (call) => call.write('a'), options: { credentials: failing } });
    sameDetails(heard);
    expect(heard.notes.opened).toEqual([]);
  });

  it('is told at once that nobody can be reached', async () => {
    const ours = connectTo('understudy:///localhost:1', replicatedForTest({ session: scriptedStreams(obedient) }));
    const { status } = await new StreamingCall(ours, 'echo', { made: (call) => call.write('a') }).heard;
    expect(status.code).toBe(Status.UNAVAILABLE);
    expect(status.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_UNREACHABLE']);
    await understudyClient(ours).close();
  });
});
