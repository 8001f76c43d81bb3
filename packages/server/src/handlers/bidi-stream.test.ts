import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { got, logged } from '../testing/comparison/journal.js';
import { cancelledWhileWriting, sending } from '../testing/comparison/sending-cases.js';
import { type Cases, initial, sideBySide, trailers, turn, until, write } from '../testing/comparison/stream-cases.js';

const bidirectional: Cases = {
  ...sending,
  echoes: (call) => {
    call.on('data', (message) => call.write(message));
    call.on('end', () => call.end());
  },
  echoesTenThousand: [(call) => void call.pipe(call), [...write(...Array(10_000).keys()), 'end']],
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

sideBySide('bidi', bidirectional);
