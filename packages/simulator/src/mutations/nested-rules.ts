import type { Mutation } from './mutation.js';

/** Rules of calls that handlers make, and of groups that are clients (DESIGN 5.7), beside those with scenarios. */
export const NESTED_RULES: readonly Mutation[] = [
  {
    rule: 'nested calls: one leaves when what it reflects is stable',
    changes: [
      { file: 'replica/nested-calls.js', find: 'this.#unsent[due].id.orderNum <= stableUpTo', replace: 'true' },
    ],
  },
  {
    rule: 'nested calls: no checkpoint is taken before a handler that had waited has ended',
    changes: [{ file: 'replica/nested-drain.js', find: ' && r.unfinished.size === 0', replace: '' }],
  },
  {
    rule: 'nested calls: the reply of a handler that had waited leaves when its end is stable',
    changes: [{ file: 'replica/ordering.js', find: 'asked || waited', replace: 'asked' }],
  },
  {
    rule: 'calling groups: a call that came before is not done again',
    changes: [
      {
        file: 'replica/processing.js',
        find: 'isNestedUnary(request) && cameBefore(r, entry, request)',
        replace: 'false',
      },
    ],
  },
  {
    rule: 'calling groups: what an older term asks is refused',
    changes: [{ file: 'connection/callers.js', find: 'caller.term < known.term', replace: 'false' }],
  },
  {
    rule: 'calling groups: replies are kept until they are settled',
    changes: [
      {
        file: 'connection/callers.js',
        find: 'id.orderNum <= upTo && outcome !== undefined',
        replace: 'outcome !== undefined',
      },
    ],
  },
  {
    rule: 'calling groups: what is settled is not done again',
    changes: [{ file: 'connection/callers.js', find: 'caller.id.orderNum <= known.settledUpTo', replace: 'false' }],
  },
  {
    rule: 'calling groups: an id names one request',
    changes: [{ file: 'connection/callers.js', find: 'call.requestDigest !== requestDigest', replace: 'false' }],
  },
  {
    rule: 'calling groups: what comes again while its handler waits ends with it',
    changes: [{ file: 'connection/callers.js', find: 'call.again.push(name);', replace: ';' }],
  },
  {
    rule: 'calling groups: what is refused says nothing of the first one',
    changes: [{ file: 'connection/callers.js', find: ' || !sameMessage(call.by, name)', replace: '' }],
  },
  {
    rule: 'calling groups: checkpoints hold the replies',
    changes: [
      {
        file: 'connection/connections.js',
        find: 'const callers = this.callers.snapshot();',
        replace: 'const callers = [];',
      },
    ],
  },
  {
    rule: 'calling groups: their replies leave when they are stable',
    changes: [{ file: 'replica/ordering.js', find: 'request.nested !== undefined ||', replace: '' }],
  },
];
