import { Metadata, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { type Method, type Running, serveCaptured, servePlain } from '../testing/comparison/side-by-side.js';
import type { HandlerFault } from './handler-fault.js';

type RequiredTextCall = ServerUnaryCall<{ text: string }, unknown>;
type Handler = (call: RequiredTextCall, callback: Callback) => void;

function metadata(...entries: [string, string | Buffer][]): Metadata {
  const made = new Metadata();
  for (const [key, value] of entries) made.add(key, value);
  return made;
}

const trailers = () =>
  metadata(
    ['x-trailer', 'one'],
    ['x-trailer', 'two'],
    ['x-raw-bin', Buffer.from([0, 255, 1])],
    ['x-raw-bin', Buffer.from([7])],
  );
const initial = () => metadata(['x-initial', 'a'], ['x-initial', 'b'], ['x-first-bin', Buffer.from([9, 8])]);
const refused = (extra: object) => Object.assign(new Error('the message'), extra);
const later = (act: () => void) => void setImmediate(act);

/** What a handler may do without harming a grpc-js server. */
const behaviours: Record<string, Handler> = {
  answers: (call, cb) => cb(null, { echo: call.request.text }),
  answersLater: (call, cb) => later(() => cb(null, { echo: call.request.text })),
  answersNull: (_, cb) => cb(null, null),
  answersUndefined: (_, cb) => cb(null),
  answersWithTrailers: (_, cb) => cb(null, 1, trailers()),
  answersWithEmptyTrailers: (_, cb) => cb(null, 1, new Metadata()),
  answersWithFlags: (_, cb) => cb(null, 1, trailers(), 2),
  cannotBeSerialized: (_, cb) => cb(null, { big: 1n }),
  cannotBeSerializedAfterMetadata: (call, cb) => {
    call.sendMetadata(initial());
    cb(null, { big: 1n }, trailers());
  },
  failsWithCode: (_, cb) => cb(refused({ code: status.NOT_FOUND })),
  failsWithDetails: (_, cb) => cb(refused({ code: status.ABORTED, details: 'the details' })),
  failsWithoutCode: (_, cb) => cb(new Error('something broke')),
  failsWithoutCodeButDetails: (_, cb) => cb(refused({ details: 'not told' })),
  failsWithTextCode: (_, cb) => cb(refused({ code: 'ENOENT' }) as never),
  failsWithFractionalCode: (_, cb) => cb(refused({ code: 5.5 })),
  failsWithFractionalCodeAndDetails: (_, cb) => cb(refused({ code: 5.5, details: 'not told' })),
  failsWithUnknownCode: (_, cb) => cb(refused({ code: 77 })),
  failsWithMetadata: (_, cb) => cb(refused({ code: status.INTERNAL, metadata: trailers() })),
  failsWithMetadataAndTrailers: (_, cb) =>
    cb(refused({ code: status.INTERNAL, metadata: metadata(['x-lost', '1']) }), null, trailers()),
  failsWithStatusObject: (_, cb) => cb({ code: status.DATA_LOSS, details: 'as object', metadata: trailers() }),
  failsWithBareCode: (_, cb) => cb({ code: status.OUT_OF_RANGE }),
  failsWithEmptyObject: (_, cb) => cb({}),
  failsWithoutMessage: (_, cb) => cb({ code: 3, message: undefined } as never),
  failsWithUnicode: (_, cb) => cb({ code: 3, details: 'Größe 100% – 大 😀\nzweite Zeile' }),
  failsWithHalfACharacter: (_, cb) => cb({ code: 3, details: 'half \ud800' }),
  failsWithText: (_, cb) => cb('just text' as never),
  failsWithForeignMetadata: (_, cb) => cb({ code: 3, details: 'x', metadata: { a: 1 } } as never),
  failsWithOk: (_, cb) => cb({ code: status.OK, details: 'fine' }),
  failsWithEmptyText: (_, cb) => cb('' as never, { still: 'ok' }),
  failsLater: (_, cb) => later(() => cb({ code: status.UNAVAILABLE, details: 'later', metadata: trailers() })),
  failsAfterMetadata: (call, cb) => {
    call.sendMetadata(initial());
    cb({ code: status.PERMISSION_DENIED, details: 'no', metadata: trailers() });
  },
  failsTwice: (_, cb) => {
    cb({ code: status.NOT_FOUND, details: 'first' });
    cb({ code: status.INTERNAL, details: 'second' });
  },
  failsThenAnswers: (_, cb) => {
    cb({ code: status.NOT_FOUND, details: 'first' });
    cb(null, 'second');
  },
  answersThenFailsLater: (_, cb) => {
    cb(null, 'first');
    setTimeout(() => cb({ code: status.INTERNAL, details: 'second' }), 20);
  },
  throws: () => {
    throw new Error('secret of the handler');
  },
  throwsCode: () => {
    throw refused({ code: status.NOT_FOUND });
  },
  throwsAfterMetadata: (call) => {
    call.sendMetadata(initial());
    throw new Error('secret');
  },
  answersThenThrows: (_, cb) => {
    cb(null, 'first', trailers());
    throw new Error('secret');
  },
  failsThenThrows: (_, cb) => {
    cb({ code: status.NOT_FOUND, details: 'first', metadata: trailers() });
    throw new Error('secret');
  },
  throwsThenAnswers: (_, cb) => {
    later(() => cb(null, 'too late'));
    throw new Error('secret');
  },
  emitsError: (call) => void call.emit('error', { code: status.NOT_FOUND, details: 'emitted', metadata: trailers() }),
  sendsMetadata: (call, cb) => {
    call.sendMetadata(initial());
    later(() => cb(null, 1, trailers()));
  },
  sendsMetadataTwice: (call, cb) => {
    call.sendMetadata(initial());
    call.sendMetadata(metadata(['x-second', '2']));
    cb(null, 1);
  },
  sendsMetadataThatChangesLater: (call, cb) => {
    const sent = initial();
    call.sendMetadata(sent);
    sent.set('x-initial', 'changed');
    cb(null, 1);
  },
  sendsEmptyMetadata: (call, cb) => {
    call.sendMetadata(new Metadata());
    cb({ code: 3, details: 'after headers' });
  },
  sendsNullMetadata: (call, cb) => {
    call.sendMetadata(null as never);
    cb(null, 1);
  },
  sendsMetadataAfterAnswer: (call, cb) => {
    cb(null, 1);
    call.sendMetadata(initial());
  },
  tellsMetadata: (call, cb) => {
    const { 'user-agent': agent, ...rest } = call.metadata.toJSON();
    cb(null, { rest, agent, first: call.metadata.get('x-many')[0], bytes: call.metadata.get('x-b-bin') });
  },
  tellsCall: (call, cb) =>
    cb(null, {
      path: call.getPath(),
      cancelled: call.cancelled,
      peer: call.getPeer().replace(/:\d+$/, ''),
      deadline: String(call.getDeadline()),
      auth: call.getAuthContext(),
      keys: call.metadata.getMap() !== undefined,
    }),
  recordsMetrics: (call, cb) => {
    call.getMetricsRecorder().recordQpsMetric(3);
    cb(null, 1);
  },
};

const special: Record<string, Method> = {
  requestUnreadable: { handler: answer1, definition: { requestDeserialize: failing } },
  requestFalsy: { handler: answer1, definition: { requestDeserialize: () => 0 } },
  requestNull: { handler: answer1, definition: { requestDeserialize: () => null } },
  serializerGivesNothing: { handler: answer1, definition: { responseSerialize: () => undefined as never } },
  serializerGivesArray: { handler: answer1, definition: { responseSerialize: () => new Uint8Array(3) as Buffer } },
  serializerGivesEmpty: { handler: answer1, definition: { responseSerialize: () => Buffer.alloc(0) } },
  notImplemented: { handler: undefined as never },
};

function answer1(_: unknown, cb: Callback): void {
  cb(null, 1);
}
function failing(): never {
  throw new Error('unreadable');
}

const methods: Record<string, Method> = {
  ...Object.fromEntries(Object.entries(behaviours).map(([name, handler]) => [name, { handler } as Method])),
  ...special,
};

let plain: Running;
let ours: Running;
const faults: HandlerFault[] = [];

/** What would end the process of a plain server, or make its client fail. */
const onlyHere: Record<string, Handler> = {
  async rejects() {
    await Promise.resolve();
    throw new Error('secret of the promise');
  },
  async rejectsAfterAnswer(_, cb) {
    cb(null, 'first');
    throw new Error('secret');
  },
  answersTwice: (_, cb) => {
    cb(null, 'first');
    cb(null, 'second');
  },
  answersThenFails: (_, cb) => {
    cb(null, 'first');
    cb({ code: status.INTERNAL, details: 'second' });
  },
  answersWithForeignTrailers: (_, cb) => cb(null, 1, { a: 1 } as never),
};

beforeAll(async () => {
  plain = await servePlain(methods);
  const more = Object.entries(onlyHere).map(([name, handler]) => [name, { handler } as Method]);
  ours = await serveCaptured({ ...methods, ...Object.fromEntries(more) }, { onFault: (fault) => faults.push(fault) });
});
afterAll(() => {
  plain.close();
  ours.close();
});

describe('a client of a captured handler sees the same as one of a plain handler, which', () => {
  it.each(Object.keys(methods))('%s', async (name) => {
    const expected = await plain.call(name);
    expect(await ours.call(name)).toEqual(expected);
    expect(expected.status).not.toBe('none');
  });
});

describe('a captured handler', () => {
  it('sees the same request metadata, text and binary, in order', async () => {
    const sent = metadata(
      ['x-many', '1'],
      ['x-many', '2'],
      ['x-b-bin', Buffer.from([1])],
      ['x-b-bin', Buffer.from([2, 3])],
    );
    sent.set('idempotency-key', 'k');
    const expected = await plain.call('tellsMetadata', { metadata: sent });
    expect(await ours.call('tellsMetadata', { metadata: sent })).toEqual(expected);
    expect(String(expected.value)).toContain('"idempotency-key"');
  });

  it('sees the deadline as a number', async () => {
    const deadline = Date.now() + 60_000;
    const deadlines = await Promise.all([plain, ours].map((side) => side.call('tellsCall', { deadline })));
    for (const { value } of deadlines) {
      expect(Math.abs(Number(JSON.parse(String(value)).deadline) - deadline)).toBeLessThan(5_000);
    }
  });

  it('gets and sends a megabyte', async () => {
    const bytes = Buffer.from(JSON.stringify({ text: 'x'.repeat(1 << 20) }));
    expect(await ours.call('answers', { bytes })).toEqual(await plain.call('answers', { bytes }));
  });

  it('is never called for a method that was not registered', async () => {
    expect(await ours.call('missing')).toEqual(await plain.call('missing'));
  });
});

describe('a captured handler that would crash a plain server or confuse its client', () => {
  const unknown = { code: status.UNKNOWN, details: 'Unknown error' };

  it('ends its call with UNKNOWN, and tells only the log, when its promise rejects', async () => {
    faults.length = 0;
    expect((await ours.call('rejects')).error).toMatchObject(unknown);
    expect(faults).toMatchObject([{ kind: 'rejected', path: '/test.Service/rejects' }]);
  });

  it('changes nothing when its promise rejects after the answer', async () => {
    expect(await ours.call('rejectsAfterAnswer')).toMatchObject({ error: null, value: '"first"' });
  });

  it.each(['answersTwice', 'answersThenFails'])('has the first of two answers count: %s', async (name) => {
    expect(await ours.call(name)).toMatchObject({ error: null, value: '"first"' });
  });

  it('ends its call with UNKNOWN when its trailers are no Metadata', async () => {
    expect((await ours.call('answersWithForeignTrailers')).error).toMatchObject(unknown);
  });
});
