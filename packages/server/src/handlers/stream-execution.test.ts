import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { got, logged } from './testing/journal.js';
import { playOurs } from './testing/stream-ours.js';
import { playPlain } from './testing/stream-plain.js';
import { comparable, type Scenario, type Step, type StreamHandler } from './testing/streams.js';

function metadata(...entries: [string, string | Buffer][]): Metadata {
  const made = new Metadata();
  for (const [key, value] of entries) made.add(key, value);
  return made;
}

const trailers = () => metadata(['x-trailer', 'one'], ['x-trailer', 'two'], ['x-raw-bin', Buffer.from([0, 255])]);
const initial = () => metadata(['x-initial', 'a'], ['x-first-bin', Buffer.from([9, 8])]);
const refused = (extra: object) => Object.assign(new Error('the message'), extra);
const turn = () => new Promise(setImmediate);
const write = (...values: unknown[]): Step[] => values.map((value) => ({ write: value }));
const until = (condition: Extract<Step, { until: unknown }>['until']): Step => ({ until: condition });

/** Each: the handler, and what its client does; without it the client sends what the kind of method needs, and ends. */
type Case = StreamHandler | [StreamHandler, Step[]] | [StreamHandler, Step[], Partial<Scenario>];
type Cases = Record<string, Case>;

/** What a handler can do with the sending half, whether it has a receiving half or not. */
const sending: Cases = {
  writesAndEnds: (call) => {
    call.write(1);
    call.write({ two: 2 });
    call.end();
  },
  endsAtOnce: (call) => call.end(),
  endsLater: (call) => void setImmediate(() => call.end()),
  endsWithTrailers: (call) => {
    call.write(1);
    call.end(trailers());
  },
  endsWithEmptyTrailers: (call) => call.end(new Metadata()),
  endsWithTrailersOnly: (call) => call.end(trailers()),
  writesInTurns: async (call) => {
    for (let i = 0; i < 5; i++) {
      call.write(i);
      await turn();
    }
    call.end();
  },
  tellsWhatWriteReturns: (call, log) => {
    for (let i = 0; i < 20; i++) log(call.write(i));
    call.on('drain', () => {
      log('drain');
      call.end();
    });
  },
  waitsForWriteCallbacks: (call, log) => {
    call.write(1, () => log('first'));
    call.write(2, () => log('second'));
    call.end();
  },
  writesHundredsHeedingDrain: async (call) => {
    for (let i = 0; i < 300; i++) if (!call.write(i)) await once(call, 'drain');
    call.end();
  },
  pipesIntoTheCall: (call) => void Readable.from(['a', 'b', 'c']).pipe(call),
  pipelinesIntoTheCall: async (call, log) => {
    await pipeline(Readable.from(['a', 'b', 'c']), call);
    log('done');
  },
  sendsMetadata: (call) => {
    call.sendMetadata(initial());
    call.write(1);
    call.end();
  },
  sendsMetadataOnly: (call) => {
    call.sendMetadata(initial());
    call.end();
  },
  sendsMetadataTwice: (call) => {
    call.sendMetadata(initial());
    call.sendMetadata(metadata(['x-second', '2']));
    call.end();
  },
  sendsMetadataAfterMessage: (call) => {
    call.write(1);
    call.sendMetadata(initial());
    call.end();
  },
  sendsEmptyMetadata: (call) => {
    call.sendMetadata(new Metadata());
    call.emit('error', { code: status.INVALID_ARGUMENT, details: 'after headers' });
  },
  sendsNullMetadata: (call) => {
    call.sendMetadata(null as never);
    call.end();
  },
  sendsMetadataThatChangesLater: (call) => {
    const sent = initial();
    call.sendMetadata(sent);
    sent.set('x-initial', 'changed');
    call.end();
  },
  emitsError: (call) => call.emit('error', refused({ code: status.NOT_FOUND, details: 'not here' })),
  emitsErrorWithMetadata: (call) =>
    call.emit('error', { code: status.ABORTED, details: 'aborted', metadata: trailers() }),
  emitsErrorWithoutCode: (call) => call.emit('error', new Error('something broke')),
  emitsErrorWithTextCode: (call) => call.emit('error', refused({ code: 'ENOENT' })),
  emitsErrorThatIsNone: (call) => call.emit('error', {}),
  emitsErrorAfterMessages: (call) => {
    call.write(1);
    call.write(2);
    call.emit('error', { code: status.DATA_LOSS, details: 'lost' });
  },
  emitsErrorLater: async (call) => {
    call.write(1);
    await turn();
    call.emit('error', { code: status.DATA_LOSS, details: 'lost' });
  },
  emitsErrorWithTrailersOfTheEnd: (call) => {
    call.write(1);
    call.end(trailers());
    call.emit('error', { code: status.DATA_LOSS, details: 'lost' });
  },
  emitsErrorAfterEnd: (call) => {
    call.end();
    call.emit('error', { code: status.DATA_LOSS, details: 'lost' });
  },
  emitsErrorTwice: (call) => {
    call.emit('error', { code: status.DATA_LOSS, details: 'first' });
    call.emit('error', { code: status.NOT_FOUND, details: 'second' });
  },
  throwsAtOnce: () => {
    throw new Error('secret');
  },
  throwsCode: () => {
    throw refused({ code: status.NOT_FOUND });
  },
  throwsAfterMessage: (call) => {
    call.write(1);
    throw new Error('secret');
  },
  throwsAfterMetadata: (call) => {
    call.sendMetadata(initial());
    throw new Error('secret');
  },
  throwsAfterEnd: (call) => {
    call.end();
    throw new Error('secret');
  },
  writesAfterEnd: (call) => {
    call.end();
    call.write(1);
  },
  endsTwice: (call) => {
    call.end();
    call.end(trailers());
  },
  writesWhatHasNoBytes: (call) => {
    call.write(1);
    call.write({ big: 1n });
    call.write(3);
    call.end();
  },
  writesOnlyWhatHasNoBytes: (call) => void call.write({ big: 1n }),
  writesNull: (call, log) => {
    try {
      call.write(null);
    } catch (error) {
      log((error as Error).message);
    }
    call.end();
  },
  looksAtTheStream: (call, log) => {
    log(call.writableObjectMode, call.writableHighWaterMark, call.writable, call.writableLength);
    log(call.cancelled, call.getPath(), call.getDeadline(), call.getAuthContext());
    log(call.getPeer().replace(/:\d+$/, ''));
    call.getMetricsRecorder().recordQpsMetric(3);
    call.end();
  },
};

const cancelledWhileWriting: Case = [
  (call, log) => {
    call.on('cancelled', (...args) => {
      log(args, call.destroyed, call.write('too late'));
      call.emit('error', { code: status.ABORTED, details: 'too late' });
    });
    call.write(1);
  },
  [until(got(1)), 'cancel'],
];

const serverStreaming: Cases = {
  ...sending,
  tellsRequest: (call, log) => {
    log(call.request, call.metadata.get('x-one'), call.metadata.get('x-raw-bin'));
    call.end();
  },
  requestUnreadable: [(call) => call.end(), [{ bytes: Buffer.from('{') }, 'end']],
  requestFalsy: [(call) => call.end(), [{ write: 0 }, 'end']],
  isCancelled: cancelledWhileWriting,
  isCancelledBeforeItSendsAnything: [(_, log) => log('begun'), [until(logged('begun')), 'cancel']],
};

const bidirectional: Cases = {
  ...sending,
  echoes: (call) => {
    call.on('data', (message) => call.write(message));
    call.on('end', () => call.end());
  },
  echoesByPipe: (call) => void call.pipe(call),
  echoesByIteration: async (call) => {
    for await (const message of call.iterator({ destroyOnReturn: false })) call.write(message);
    call.end();
  },
  answersAtTheEnd: (call, log) => {
    call.on('data', log);
    call.on('end', () => {
      call.write('all');
      call.end(trailers());
    });
  },
  readsNothing: [(call) => call.end(), write(1, 2, 3)],
  emptyStream: [
    (call, log) => {
      call.on('data', log);
      call.on('end', () => call.end());
    },
    ['end'],
  ],
  readsWhenReadable: (call, log) => {
    call.on('readable', () => {
      for (let message = call.read(); message !== null; message = call.read()) log(message);
    });
    call.on('end', () => call.end());
  },
  pausesAndResumes: [
    (call, log) => {
      call.on('data', (message) => {
        log(message, call.isPaused());
        call.pause();
        setImmediate(() => call.resume());
      });
      call.on('end', () => call.end());
    },
    [...write(1, 2, 3, 4), 'end'],
  ],
  listensLate: [
    async (call, log) => {
      call.sendMetadata(initial());
      log('begun');
      await turn();
      call.on('data', (message) => call.write(message));
      call.on('end', () => call.end());
    },
    [until(logged('begun')), ...write('a', 'b'), 'end'],
  ],
  endsBeforeItsClient: [
    (call, log) => {
      call.on('data', (message) => {
        log(message);
        call.write(message);
        call.end();
      });
    },
    [{ write: 1 }, until(got(1))],
  ],
  emitsErrorOnMessage: [
    (call) => call.on('data', () => call.emit('error', { code: status.INVALID_ARGUMENT, details: 'bad one' })),
    [{ write: 1 }],
  ],
  emitsErrorAfterEcho: [
    (call) =>
      call.on('data', (message) => {
        call.write(message);
        if (message === 2) call.emit('error', { code: status.INVALID_ARGUMENT, details: 'bad one' });
      }),
    [{ write: 1 }, until(got(1)), { write: 2 }],
  ],
  getsUnreadableBytes: [
    (call) => call.on('data', (message) => call.write(message)),
    [{ write: 1 }, until(got(1)), { bytes: Buffer.from('{') }],
  ],
  getsUnreadableBytesFirst: [(call, log) => call.on('data', log), [{ bytes: Buffer.from('{') }]],
  leavesItsIteration: [
    async (call, log) => {
      for await (const message of call) {
        log(message, call.destroyed);
        break;
      }
      log(call.destroyed, call.write('lost'));
    },
    [{ write: 1 }, until(logged([true, false])), 'cancel'],
  ],
  isCancelled: cancelledWhileWriting,
  isCancelledBetweenMessages: [
    (call) => {
      call.on('data', (message) => call.write(message));
      call.on('end', () => call.end());
    },
    [{ write: 1 }, until(got(1)), 'cancel'],
  ],
  isCancelledWhileIterating: [
    async (call, log) => {
      for await (const message of call) call.write(message);
      log('done');
    },
    [{ write: 1 }, until(got(1)), 'cancel', until(logged('done'))],
  ],
  isCancelledWhileIteratingSlowly: [
    async (call, log) => {
      try {
        for await (const message of call) {
          log(message);
          await once(call, 'cancelled');
        }
      } catch (error) {
        log((error as NodeJS.ErrnoException).code);
      }
    },
    [...write(...Array(20).keys()), until(logged(0)), 'cancel', until(logged('ERR_STREAM_PREMATURE_CLOSE'))],
  ],
  isCancelledAfterItsClientEnded: [
    (call, log) => call.on('data', log).on('end', () => call.write('got all')),
    [{ write: 1 }, 'end', until(got(1)), 'cancel'],
  ],
  isCancelledWhilePaused: [
    (call, log) => {
      call.on('data', (message) => {
        call.pause();
        log(message);
      });
    },
    [...write(1, 2, 3), until(logged(1)), 'cancel'],
  ],
  tellsMetadata: (call, log) => {
    log(call.metadata.get('x-one'), call.metadata.get('x-raw-bin'));
    call.end();
  },
};

const clientStreaming: Cases = {
  answersWithACount: (call, _log, callback) => {
    let count = 0;
    call.on('data', () => count++);
    call.on('end', () => callback(null, { count }));
  },
  answersByIteration: async (call, _log, callback) => {
    const all: unknown[] = [];
    for await (const message of call) all.push(message);
    callback(null, all);
  },
  answersWithTrailers: (call, _log, callback) => {
    call.resume().on('end', () => callback(null, 1, trailers(), 2));
  },
  answersAfterMetadata: (call, _log, callback) => {
    call.sendMetadata(initial());
    call.resume().on('end', () => callback(null, 1));
  },
  answersAtOnce: [(_call, _log, callback) => callback(null, 'early'), write(1, 2)],
  answersNothing: (call, _log, callback) => call.resume().on('end', () => callback(null)),
  answersWhatHasNoBytes: (call, _log, callback) => call.resume().on('end', () => callback(null, { big: 1n })),
  answersAnEmptyStream: [
    (call, log, callback) => call.on('data', log).on('end', () => callback(null, 'none')),
    ['end'],
  ],
  fails: (_call, _log, callback) => callback({ code: status.NOT_FOUND, details: 'no', metadata: trailers() }),
  failsWithTrailers: (_call, _log, callback) =>
    callback(refused({ code: status.INTERNAL, metadata: metadata(['x-lost', '1']) }), null, trailers()),
  failsWithoutCode: (_call, _log, callback) => callback(new Error('something broke')),
  failsAfterMetadata: (call, _log, callback) => {
    call.sendMetadata(initial());
    callback({ code: status.PERMISSION_DENIED, details: 'no' });
  },
  failsInTheMiddle: [
    (call, _log, callback) =>
      call.on('data', (message) => message === 2 && callback({ code: status.ABORTED, details: 'at two' })),
    write(1, 2, 3),
  ],
  failsThenAnswers: (_call, _log, callback) => {
    callback({ code: status.NOT_FOUND, details: 'first' });
    callback(null, 'second');
  },
  failsThenThrows: (_call, _log, callback) => {
    callback({ code: status.NOT_FOUND, details: 'first' });
    throw new Error('secret');
  },
  answersThenThrows: (_call, _log, callback) => {
    callback(null, 'first', trailers());
    throw new Error('secret');
  },
  throwsAtOnce: () => {
    throw new Error('secret');
  },
  throwsAfterMetadata: (call) => {
    call.sendMetadata(initial());
    throw new Error('secret');
  },
  emitsError: (call) => call.emit('error', { code: status.NOT_FOUND, details: 'emitted', metadata: trailers() }),
  getsUnreadableBytes: [
    (call, log) => call.on('data', log),
    [{ write: 1 }, until(logged(1)), { bytes: Buffer.from('{') }],
  ],
  isCancelled: [
    (call, log, callback) => {
      call.on('data', log);
      call.on('cancelled', () => callback(null, 'too late'));
    },
    [{ write: 1 }, until(logged(1)), 'cancel'],
  ],
  isCancelledAtOnce: [(_call, log) => log('begun'), [until(logged('begun')), 'cancel']],
  tellsTheCall: (call, log, callback) => {
    log(call.readableObjectMode, call.readableHighWaterMark, call.readable, call.readableLength);
    log(call.cancelled, call.getPath(), call.getDeadline(), call.metadata.get('x-one'));
    callback(null, 1);
  },
};

const kinds = {
  serverStream: [serverStreaming, [...write({ text: 'hello' }), 'end']],
  bidi: [bidirectional, [...write('a', 'b', 'c'), 'end']],
  clientStream: [clientStreaming, [...write('a', 'b', 'c'), 'end']],
} as const satisfies Record<string, [Cases, Step[]]>;

const sent = () => metadata(['x-one', '1'], ['x-raw-bin', Buffer.from([1, 2])]);

function scenarioOf(kind: keyof typeof kinds, name: string): Scenario {
  const [cases, usual] = kinds[kind];
  const given = (cases as Cases)[name];
  if (given === undefined) throw new Error(`no case ${name}`);
  const [handler, steps, more] = typeof given === 'function' ? [given] : given;
  const needsRequest =
    kind === 'serverStream' && !steps?.some((step) => typeof step === 'object' && !('until' in step));
  const client = steps === undefined || !needsRequest ? (steps ?? usual) : [...usual, ...steps];
  return { kind, handler, client, metadata: sent(), ...more };
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('as with grpc-js, %s', (kind) => {
  it.each(Object.keys(kinds[kind][0]))('%s', async (name) => {
    const scenario = scenarioOf(kind, name);
    const expected = await playPlain(scenario);
    const { faults: _faults, ...ours } = await playOurs(scenario);
    expect(comparable(ours)).toEqual(comparable(expected));
    expect(expected.status).toBeDefined();
  });
});
