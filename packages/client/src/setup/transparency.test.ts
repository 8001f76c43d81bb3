import {
  type CallOptions,
  type Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  status as Status,
} from '@grpc/grpc-js';
import type { Reply, Request } from '@understudy/core/internal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBareServer } from '../testing/bare-server.js';
import { type Ask, ask, connectTo, echoing, NOT_FOUND, reply, replyWithMetadata } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';
import { replicatedForTest } from '../testing/session-under-test.js';
import { understudyClient } from './replicated.js';

/** Called when a request that is never answered has reached a server. */
let onHanging = (): void => {};

/** Answers as a handler would, chosen by the message. */
function answer(request: Request): Reply | undefined {
  const text = Buffer.from(request.message).toString();
  switch (text) {
    case 'hang':
      onHanging();
      return undefined;
    case 'not found':
      return NOT_FOUND;
    case 'metadata':
      return replyWithMetadata([['last', '2']]);
    case 'headers':
      return reply(JSON.stringify(ownMetadata(request)));
    default:
      return echoing(request);
  }
}

const ownMetadata = (request: Request) =>
  (request.metadata ?? []).filter(([key]) => key === 'tag' || key === 'authorization');

/** Metadata that grpc-js adds to replies by itself. */
const FROM_TRANSPORT = ['content-type', 'date', 'grpc-accept-encoding', 'accept-encoding'];
const OURS = ['understudy-code', 'understudy-may-have-taken-effect'];

function visible(metadata: Metadata | undefined): object {
  const copy = { ...metadata?.toJSON() };
  for (const key of [...FROM_TRANSPORT, ...OURS]) delete copy[key];
  return copy;
}

describe('a replicated unary call, compared with a bare one', () => {
  let group: ScriptedGroup;
  let bareTarget: string;
  let stopBare: () => void;

  beforeAll(async () => {
    group = await ScriptedGroup.start(2, answer);
    const { port, server } = await startBareServer(answer);
    bareTarget = `127.0.0.1:${port}`;
    stopBare = () => server.forceShutdown();
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
  async function both(text: string, how: Ask | (() => Ask) = {}, options: ClientOptions = {}) {
    const fresh = (): Ask => (typeof how === 'function' ? how() : how);
    const bare = connectTo(bareTarget, options);
    const ours = connectTo(group.target, { ...replicatedForTest(), ...options });
    try {
      const heard = { bare: await ask(bare, text, fresh()), ours: await ask(ours, text, fresh()) };
      expect(heard.ours.events).toEqual(heard.bare.events);
      expect(heard.ours.value).toEqual(heard.bare.value);
      expect(heard.ours.error?.code).toEqual(heard.bare.error?.code);
      expect(visible(heard.ours.initialMetadata)).toEqual(visible(heard.bare.initialMetadata));
      expect(visible(heard.ours.trailers)).toEqual(visible(heard.bare.trailers));
      return heard;
    } finally {
      bare.close();
      group.answerHeld();
      await understudyClient(ours).close();
    }
  }

  const sameDetails = ({ bare, ours }: Awaited<ReturnType<typeof both>>): void =>
    expect(ours.error?.details).toEqual(bare.error?.details);

  it('succeeds alike', async () => {
    expect((await both('hello')).ours.value).toBe('hello');
  });

  it('fails alike, with trailers', async () => sameDetails(await both('not found')));

  it('hears initial metadata and trailers alike', async () => {
    const { ours } = await both('metadata');
    expect(visible(ours.initialMetadata)).toEqual({ first: ['1'], 'blob-bin': [Buffer.from([0, 255])] });
  });

  it('sends metadata alike', async () => {
    const metadata = new Metadata();
    metadata.add('tag', 'a');
    metadata.add('tag', 'b');
    await both('headers', { metadata });
  });

  it('ends alike when the request cannot be serialized', async () => sameDetails(await both('unserializable')));
  it('ends alike when the reply cannot be parsed', async () => sameDetails(await both('unparsable')));

  it('ends alike when it is too large to send', async () => {
    sameDetails(await both('x'.repeat(100), {}, { 'grpc.max_send_message_length': 50 }));
  });

  it('ends alike when the reply is too large to receive', async () => {
    const { ours } = await both('x'.repeat(100), {}, { 'grpc.max_receive_message_length': 50 });
    expect(ours.error).toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
    expect(ours.error?.metadata.get('understudy-may-have-taken-effect')).toEqual(['true']);
  });

  it('adds the metadata of call credentials alike', async () => {
    const generated = credentials.createFromMetadataGenerator((params, callback) => {
      const metadata = new Metadata();
      metadata.set('authorization', params.service_url);
      callback(null, metadata);
    });
    const { ours } = await both('headers', { options: { credentials: generated } });
    expect(ours.value).toContain('https://127.0.0.1/test.Echo');
  });

  it.each([Status.UNAUTHENTICATED, Status.NOT_FOUND, undefined])(
    'hears alike of credentials that fail (%s)',
    async (code) => {
      const failing = credentials.createFromMetadataGenerator((_params, callback) =>
        callback(Object.assign(new Error('no token'), code === undefined ? {} : { code })),
      );
      sameDetails(await both('x', { options: { credentials: failing } }));
    },
  );

  it('refuses two authorizations alike', async () => {
    const metadata = new Metadata();
    metadata.set('authorization', 'one');
    const generated = credentials.createFromMetadataGenerator((_params, callback) => callback(null, metadata));
    sameDetails(await both('headers', { metadata, options: { credentials: generated } }));
  });

  const deadlineIn = (ms: number): CallOptions => ({ deadline: Date.now() + ms });

  it('ends at its deadline alike, and says that it may have taken effect', async () => {
    const { ours } = await both('hang', () => ({ options: deadlineIn(1_000) }));
    expect(ours.error?.details).toMatch(/^Deadline exceeded after \d+\.\d{3}s; the call may have taken effect$/);
    expect(ours.error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_INDETERMINATE']);
  });

  it('ends at once when its deadline has passed, and has taken no effect', async () => {
    const { ours } = await both('hello', { options: deadlineIn(-5) });
    expect(ours.error?.details).toContain('the call has taken no effect');
    expect(ours.error?.metadata.get('understudy-may-have-taken-effect')).toEqual(['false']);
  });

  it('takes a Date for a deadline', async () => {
    await both('hang', () => ({ options: { deadline: new Date(Date.now() + 100) } }));
  });

  it('honours the timeout of methodConfig', async () => {
    const timeout = { seconds: 0, nanos: 100_000_000 };
    const methodConfig = [{ name: [{ service: 'test.Echo', method: 'Echo' }], timeout }];
    const bare = connectTo(bareTarget, { 'grpc.service_config': JSON.stringify({ methodConfig }) });
    const ours = connectTo(group.target, replicatedForTest({ methodConfig }));
    expect((await ask(bare, 'hang')).error?.code).toBe(Status.DEADLINE_EXCEEDED);
    expect((await ask(ours, 'hang')).error?.code).toBe(Status.DEADLINE_EXCEEDED);
    bare.close();
    group.answerHeld();
    await understudyClient(ours).close();
  });

  it('is cancelled at once alike, and has taken no effect', async () => {
    const { ours } = await both('hang', { made: (call) => call.cancel() });
    expect(ours.error).toMatchObject({
      code: Status.CANCELLED,
      details: 'Cancelled on client; the call has taken no effect',
    });
  });

  it('is cancelled later alike, and may have taken effect', async () => {
    let reached = 0;
    const made = (call: ClientUnaryCall): void => {
      onHanging = () => {
        reached++;
        call.cancel();
      };
    };
    const { ours } = await both('hang', { made });
    onHanging = () => {};
    expect(reached).toBeGreaterThanOrEqual(2);
    expect(ours.error?.details).toBe('Cancelled on client; the call may have taken effect');
  });

  it('never takes effect if its method is read-only', async () => {
    const { ours } = await both('hang', () => ({ method: 'look', options: deadlineIn(100) }));
    expect(ours.error?.metadata.get('understudy-may-have-taken-effect')).toEqual(['false']);
  });

  it('fails at once if no replica can be reached', async () => {
    const bare = connectTo('localhost:1', {});
    const ours = connectTo('understudy:///localhost:1,localhost:2', replicatedForTest());
    expect((await ask(bare, 'x')).error?.code).toBe(Status.UNAVAILABLE);
    const heard = await ask(ours, 'x');
    expect(heard.error?.code).toBe(Status.UNAVAILABLE);
    expect(heard.error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_UNREACHABLE']);
    expect(heard.error?.details).toContain('ECONNREFUSED');
    bare.close();
    await understudyClient(ours).close();
  });

  it('fails at once if the server is not replicated', async () => {
    const ours = connectTo(`understudy:///${bareTarget}`, replicatedForTest());
    const { error } = await ask(ours, 'x');
    expect(error?.details).toContain('/understudy.v1.Multicast/Connect');
    expect(error?.metadata.get('understudy-may-have-taken-effect')).toEqual(['false']);
    await understudyClient(ours).close();
  });

  it('waits for a connection if its metadata says so', async () => {
    const metadata = new Metadata({ waitForReady: true });
    const bare = connectTo('localhost:1', {});
    const ours = connectTo('understudy:///localhost:1', replicatedForTest());
    expect((await ask(bare, 'x', { metadata, options: deadlineIn(200) })).error?.code).toBe(Status.DEADLINE_EXCEEDED);
    expect((await ask(ours, 'x', { metadata, options: deadlineIn(200) })).error?.code).toBe(Status.DEADLINE_EXCEEDED);
    bare.close();
    await understudyClient(ours).close();
  });

  it('is delivered though the application throws in the callback of another', async () => {
    const ours: Client = connectTo(group.target, replicatedForTest());
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
    const listeners = process.rawListeners('uncaughtException').slice(0, -1);
    for (const each of listeners) process.off('uncaughtException', each as NodeJS.UncaughtExceptionListener);
    const first = ask(ours, 'a', {
      made: (call) =>
        call.on('metadata', () => {
          throw new Error('application');
        }),
    });
    const second = ask(ours, 'b');
    expect(await thrown).toMatchObject({ message: 'application' });
    for (const each of listeners) process.on('uncaughtException', each as NodeJS.UncaughtExceptionListener);
    expect((await second).value).toBe('b');
    void first;
    await understudyClient(ours).close();
  });
});
