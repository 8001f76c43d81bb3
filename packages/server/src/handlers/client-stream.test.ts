import { status } from '@grpc/grpc-js';
import { logged } from '../testing/comparison/journal.js';
import {
  type Cases,
  initial,
  metadata,
  refused,
  sideBySide,
  trailers,
  until,
  write,
} from '../testing/comparison/stream-cases.js';

const clientStreaming: Cases = {
  answersWithACount: (call, _log, callback) => {
    let count = 0;
    call.on('data', () => count++);
    call.on('end', () => callback(null, { count }));
  },
  answersTenThousand: [
    (call, _log, callback) => {
      let sum = 0;
      call.on('data', (value) => {
        sum += value;
      });
      call.on('end', () => callback(null, sum));
    },
    [...write(...Array(10_000).keys()), 'end'],
  ],
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

sideBySide('clientStream', clientStreaming);
