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

/** Metadata that grpc-js adds to replies by itself, and that we add. */
const NOT_COMPARED = ['content-type', 'date', 'grpc-accept-encoding', 'accept-encoding'];
const OURS = ['understudy-code', 'understudy-may-have-taken-effect'];

function visible(metadata: Metadata | undefined): object {
  const copy = { ...metadata?.toJSON() };
  for (const key of [...NOT_COMPARED, ...OURS]) delete copy[key];
  return copy;
}

describe('a replicated stream, compared with a bare one', () => {
  let group: ScriptedGroup;
  let bareTarget: string;
  let stopBare: () => void;

  beforeAll(async () => {
    group = await ScriptedGroup.start(2, echoing);
    const { port, stop } = await startBareStreams(obedient);
    bareTarget = `127.0.0.1:${port}`;
    stopBare = stop;
  });
  afterAll(() => {
    group.stop();
    stopBare();
  });

  /**
   * Makes the same call with both clients.
   *
   * @returns what the two applications hear
   */
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

  it('echoes messages alike', async () => {
    const { ours } = await both('echo', { made: saying('a', 'b', 'c') });
    expect(ours.events).toEqual(['metadata', 'a', 'b', 'c', 'status 0', 'end']);
    expect(ours.written).toBe(3);
  });

  it('ends alike without a message of either side', async () => {
    const { ours } = await both('echo', { made: saying() });
    expect(ours.events).toEqual(['status 0', 'end']);
  });

  it('uploads messages alike', async () => {
    const { ours } = await both('count', { kind: 'upload', made: saying('a', 'b', 'c') });
    expect(ours.events).toEqual(['metadata', 'value 3', 'status 0']);
  });

  it('sends the one request of a method alike as it opens', async () => {
    const { ours, notes } = await both('say the request', { kind: 'watch', request: 'please' });
    expect(ours.events).toEqual(['metadata', 'please', 'status 0', 'end']);
    expect(notes).toMatchObject({ given: 0, ended: 0 });
  });

  it.each([0, 1, 3, 500])('hears a list of %i alike', async (count) => {
    const { ours } = await both('list', { kind: 'watch', count });
    expect(ours.events.at(-2)).toBe('status 0');
  });

  it.each([0, 1, 3, 500])('hears an error after %i messages alike', async (count) => {
    const heard = await both('list, then fail', { kind: 'watch', count });
    sameDetails(heard);
    expect(visible(heard.ours.status.metadata)).toEqual({ why: ['gone'] });
  });

  it('hears an error after initial metadata alike', async () => {
    sameDetails(await both('send metadata, then fail', { kind: 'upload', made: saying() }));
    const { ours } = await both('send metadata, then fail');
    expect(ours.events).toEqual(['metadata', 'error', 'status 5', 'end']);
  });

  it('hears initial metadata and trailers alike', async () => {
    const { ours } = await both('send metadata and a message', { kind: 'watch' });
    expect(visible(ours.initialMetadata)).toEqual({ first: ['1'], 'blob-bin': [Buffer.from([0, 255])] });
    expect(visible(ours.status.metadata)).toEqual({ last: ['2'] });
  });

  it('goes on writing alike to a handler that has ended', async () => {
    const made = saying(...Array.from({ length: 100 }, (_, i) => `${i}`));
    for (const kind of ['upload', 'chat'] as const)
      sameDetails(await both('fail on the first message', { kind, made }));
    sameDetails(await both('finish on the first message', { made }));
  });

  it('sends metadata alike', async () => {
    const metadata = new Metadata();
    metadata.add('tag', 'a');
    metadata.add('tag', 'b');
    const { ours } = await both('say the metadata', { kind: 'watch', metadata });
    expect(ours.events).toContain('[["tag","a, b"]]');
  });

  it.each(['upload', 'chat'] as const)('ends alike when a message cannot be serialized (%s)', async (kind) => {
    sameDetails(await both('hang', { kind, made: saying('one', 'unserializable') }));
  });
  it('ends alike when the request cannot be serialized', async () => {
    sameDetails(await both('hang', { kind: 'watch', request: 'unserializable' }));
  });
  it('ends alike when a message cannot be parsed', async () => {
    const heard = await both('send something unparsable', { kind: 'watch' });
    sameDetails(heard);
    expect(heard.ours.status.metadata.get('understudy-may-have-taken-effect')).toEqual(['true']);
  });

  it.each(['upload', 'chat'] as const)('ends alike when it sends a message above its limit (%s)', async (kind) => {
    const options = { 'grpc.max_send_message_length': 50 };
    sameDetails(await both('hang', { kind, made: saying('one', 'x'.repeat(100)) }, options));
  });
  it('ends alike when it receives a message above its limit', async () => {
    const heard = await both('send something large', { kind: 'watch' }, { 'grpc.max_receive_message_length': 50 });
    sameDetails(heard);
    expect(heard.notes.cancelled).toBe(0);
  });
  it('cancels alike when it receives a message above its limit', async () => {
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

  it.each(['upload', 'watch', 'chat'] as const)('ends at its deadline alike (%s)', async (kind) => {
    const { ours } = await both('hang', () => ({ kind, options: deadlineIn(500) }));
    expect(ours.status.details).toMatch(/^Deadline exceeded after \d+\.\d{3}s; the call may have taken effect$/);
    expect(ours.status.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_INDETERMINATE']);
  });

  it('ends at its deadline alike, after messages', async () => {
    const { ours, notes } = await both('list, then hang', () => ({ count: 3, options: deadlineIn(1_000) }));
    expect(ours.events).toEqual(['metadata', '1', '2', '3', 'error', 'status 4', 'end']);
    expect(notes.cancelled).toBe(1);
  });

  it('ends at once when its deadline has passed, and has taken no effect', async () => {
    const { ours, notes } = await both('echo', { made: (call) => call.write('a'), options: deadlineIn(-5) });
    expect(ours.status.details).toContain('the call has taken no effect');
    expect(notes.opened).toEqual([]);
  });

  it('ignores its deadline after its end', async () => {
    const { ours } = await both('echo', () => ({ made: saying('a'), options: deadlineIn(10_000) }));
    expect(ours.status.code).toBe(Status.OK);
  });

  it('is cancelled at once alike, and has taken no effect', async () => {
    for (const kind of ['upload', 'watch'] as const) {
      const { ours, notes } = await both('hang', { kind, made: cancel });
      expect(ours.status.details).toBe('Cancelled on client; the call has taken no effect');
      expect(notes.opened).toEqual([]);
    }
  });

  it('is cancelled alike while it is open', async () => {
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

  it('gets an error although it does not read, and nothing after that', async () => {
    const { ours } = await both('list, then fail', { kind: 'watch', count: 40, paused: true });
    expect(ours.events).toEqual(['metadata', 'error', 'status 5']);
  });

  it('is cancelled although it does not read, even if the server is done', async () => {
    const made = async (call: StreamingCall): Promise<void> => {
      await call.until(({ events }) => events.includes('metadata'));
      // The link keeps its order, so the items sent before another call's answer have arrived, too.
      await call.another('say the request', { kind: 'watch' }).heard;
      cancel(call);
    };
    const { ours } = await both('list', { kind: 'watch', count: 40, paused: true, made });
    expect(ours.events).toEqual(['metadata', 'error', 'status 1']);
    expect(ours.status.details).toBe('Cancelled on client; the call may have taken effect');
  });

  const giving = (give: (callback: (error: Error | null, metadata?: Metadata) => void) => void) =>
    credentials.createFromMetadataGenerator((_params, callback) => give(callback));
  const authorization = new Metadata();
  authorization.set('authorization', 'me');

  it.each(['upload', 'watch', 'chat'] as const)('adds the metadata of call credentials alike (%s)', async (kind) => {
    const late = giving((callback) => setTimeout(() => callback(null, authorization), 20));
    const made = kind === 'watch' ? (): void => {} : saying('a', 'b');
    const { ours } = await both('say the metadata', { kind, made, options: { credentials: late } });
    expect(ours.events.join()).toContain('[["authorization","me"]]');
  });

  it('fails alike when its credentials fail', async () => {
    const failing = giving((callback) => callback(new Error('no token')));
    const heard = await both('echo', { made: (call) => call.write('a'), options: { credentials: failing } });
    sameDetails(heard);
    expect(heard.notes.opened).toEqual([]);
  });

  it('fails at once if no replica can be reached', async () => {
    const ours = connectTo('understudy:///localhost:1', replicatedForTest({ session: scriptedStreams(obedient) }));
    const { status } = await new StreamingCall(ours, 'echo', { made: (call) => call.write('a') }).heard;
    expect(status.code).toBe(Status.UNAVAILABLE);
    expect(status.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_UNREACHABLE']);
    await understudyClient(ours).close();
  });
});
