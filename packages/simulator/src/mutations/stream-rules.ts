import type { Mutation } from './mutation.js';

/** Rules of streams (DESIGN 5.8). */
export const STREAM_RULES: readonly Mutation[] = [
  {
    rule: 'streams: a primary goes on from what the client was given',
    changes: [
      {
        file: 'connection/stream.js',
        find: 'this.sentUpTo = Math.max(this.items.base, Math.min(received, this.items.last));',
        replace: ';',
      },
    ],
  },
  {
    rule: 'streams: an item that comes again is not given again',
    changes: [
      { file: 'session/stream-items.js', find: 'index !== stream.received + stream.held.length + 1', replace: 'false' },
    ],
  },
  {
    rule: 'streams: items are released as replies are',
    changes: [{ file: 'replica/stream-items.js', find: "!== 'wait'", replace: "!== 'never'" }],
  },
  {
    rule: 'streams: no checkpoint is taken while a handler lives',
    changes: [
      { file: 'replica/ordering.js', find: 'r.checkpointWanted && r.openStreams === 0', replace: 'r.checkpointWanted' },
    ],
  },
  {
    rule: 'streams: what was taken is kept no longer',
    changes: [{ file: 'connection/stream.js', find: 'this.items.dropUpTo(upTo);', replace: ';' }],
  },
  {
    rule: 'streams: handlers of a dead client hear of it, in order',
    changes: [
      {
        file: 'replica/ordering.js',
        find: 'if (!opened || over)',
        replace: 'if (true)',
      },
    ],
  },
  {
    rule: 'streams: a client is no more than a window ahead of the handler',
    changes: [
      {
        file: 'session/streams.js',
        find: "(unsent.kind === 'message' && !stream.hasRoom)",
        replace: 'false',
      },
      { file: 'session/streams.js', find: 'stream.unsent.length > 0 || !stream.hasRoom', replace: 'false' },
    ],
  },
];
