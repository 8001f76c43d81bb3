import type { Mutation } from './mutation.js';

/** Rules of streams (DESIGN 5.8). */
export const STREAM_RULES: readonly Mutation[] = [
  {
    rule: 'streams: a message that came before others waits for them',
    changes: [{ file: 'replica/streams.js', find: 'part.position > stream.nextPosition', replace: 'false' }],
  },
  {
    rule: 'streams: a message takes place once, whatever seqNum it has',
    changes: [{ file: 'replica/streams.js', find: 'part.position < stream.nextPosition', replace: 'false' }],
  },
  {
    rule: 'streams: a message without an order when the primary changed is sent again',
    changes: [
      {
        file: 'session/streams.js',
        find: 'if (voided)\n        sendPartAgain(s, stream, sent, part);',
        replace: 'if (voided)\n        ;',
      },
    ],
  },
  {
    rule: 'streams: items that were held back under an older term are dropped',
    changes: [
      {
        file: 'session/stream-items.js',
        find: 'for (const stream of s.heldStreams)\n        stream.held = [];\n    s.heldStreams.clear();',
        replace: ';',
      },
    ],
  },
  {
    rule: 'streams: a primary goes on from what the client was given',
    changes: [
      {
        file: 'replica/stream-items.js',
        find: 'stream.sentUpTo = Math.max(stream.items.base, Math.min(received, stream.items.last));',
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
    changes: [
      {
        file: 'replica/stream-items.js',
        find: "if (verdict === 'wait')\n            return index - 1;",
        replace: ';',
      },
    ],
  },
  {
    rule: 'streams: items are delivered as replies are',
    changes: [
      {
        file: 'session/stream-items.js',
        find: 'stream.held.length === 0 && (stable || mayDeliver(s))',
        replace: 'stream.held.length === 0',
      },
    ],
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
    rule: 'streams: none outlives its connection',
    changes: [{ file: 'replica/processing.js', find: 'dropStreams(r, info.connection);', replace: ';' }],
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
