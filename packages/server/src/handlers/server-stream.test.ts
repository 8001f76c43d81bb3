import { logged } from '../testing/comparison/journal.js';
import { cancelledWhileWriting, sending } from '../testing/comparison/sending-cases.js';
import { type Cases, sideBySide, until } from '../testing/comparison/stream-cases.js';

const serverStreaming: Cases = {
  ...sending,
  tellsRequest: (call, log) => {
    log(call.request, call.metadata.get('x-one'), call.metadata.get('x-raw-bin'));
    call.end();
  },
  requestUnreadable: [(call) => call.end(), [{ bytes: Buffer.from('{') }, 'end']],
  requestFalsy: [(call) => call.end(), [{ write: 0 }, 'end']],
  isCancelled: [cancelledWhileWriting[0], [{ write: 1 }, 'end', ...cancelledWhileWriting[1]]],
  isCancelledBeforeItSendsAnything: [(_, log) => log('begun'), [{ write: 1 }, 'end', until(logged('begun')), 'cancel']],
};

sideBySide('serverStream', serverStreaming);
