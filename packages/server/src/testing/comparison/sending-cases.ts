import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Metadata, status } from '@grpc/grpc-js';
import { got } from './journal.js';
import { type Cases, initial, metadata, refused, trailers, turn, until } from './stream-cases.js';
import type { ScenarioStep, StreamHandler } from './streams.js';

/** What a handler can do with the sending half, whether it has a receiving half or not. */
export const sending: Cases = {
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
  writesTenThousandHeedingDrain: async (call) => {
    for (let i = 0; i < 10_000; i++) if (!call.write(i)) await once(call, 'drain');
    call.end();
  },
  writesTenThousandHeedingNothing: (call) => {
    for (let i = 0; i < 10_000; i++) call.write(i);
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

export const cancelledWhileWriting: [StreamHandler, ScenarioStep[]] = [
  (call, log) => {
    call.on('cancelled', (...args) => {
      log(args, call.destroyed, call.write('too late'));
      call.emit('error', { code: status.ABORTED, details: 'too late' });
    });
    call.write(1);
  },
  [until(got(1)), 'cancel'],
];
