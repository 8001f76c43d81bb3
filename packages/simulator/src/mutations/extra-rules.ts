import type { Mutation } from './mutation.js';

/** Rules of the design that no scenario is named after: only runs by seed show what each is there for. */
export const EXTRA_RULES: readonly Mutation[] = [
  {
    rule: 'terms: replicas refuse what peers say in an older term',
    changes: [
      {
        file: 'replica/replica.js',
        find: '!isCurrent(r, from, frame.term) || !isFromPrimary(r, from) || r.isPrimary',
        replace: 'r.isPrimary',
      },
    ],
  },
  {
    rule: 'terms: each claim raises the term',
    changes: [{ file: 'replica/transitions.js', find: 'term: next(record.term)', replace: 'term: record.term' }],
  },
  {
    rule: 'incarnations: a replica that was restarted is another member',
    changes: [
      {
        file: 'replica/transitions.js',
        find: 'a.id === b.id && a.incarnation === b.incarnation',
        replace: 'a.id === b.id',
      },
    ],
  },
  {
    rule: 'lease: counts from when the acknowledged heartbeat was sent',
    changes: [
      {
        file: 'replica/primary.js',
        find: 'maxOf(peer.ackedHeartbeatMs, frame.heartbeatMs)',
        replace: 'r.nowMs',
      },
    ],
  },
  {
    rule: 'delivery: counts from when the acknowledged heartbeat was sent',
    changes: [{ file: 'session/incoming.js', find: 'maxOf(link.ackedMs, header.heartbeatMs)', replace: 's.nowMs' }],
  },
  {
    rule: 'delivery: what was held back under an older term is dropped',
    changes: [{ file: 'session/incoming.js', find: 'dropHeld(s);', replace: ';' }],
  },
  {
    rule: 'reflection: clients pass announcements on to the backups',
    changes: [
      {
        file: 'session/outgoing.js',
        find: 's.reflect ? s.pendingRemoteOrder.since(link.reflected) : []',
        replace: '[]',
      },
    ],
  },
  {
    rule: 'retention: a client keeps what it sent until its order is stable',
    changes: [{ file: 'session/calls.js', find: 'if (what.stable)', replace: 'if (true)' }],
  },
  {
    rule: 'retention: a client tells a successor which orders it holds',
    changes: [{ file: 'session/incoming.js', find: 's.pendingRemoteOrder.all()', replace: '[]' }],
  },
  {
    rule: 'collection: a body that only its session has is asked for',
    changes: [
      {
        file: 'replica/promoting.js',
        find: 'hole.missingBody !== undefined && askForBody(r, hole.missingBody)',
        replace: 'false',
      },
    ],
  },
  {
    rule: 'collection: peers that were silent leave the set',
    changes: [
      {
        file: 'replica/promoting.js',
        find: 'publishAdoption(record, collection.through, collection.silent)',
        replace: 'publishAdoption(record, collection.through, [])',
      },
    ],
  },
  {
    rule: 'adoption: nothing beyond it has an effect while it is on its way into the record',
    changes: [
      {
        file: 'replica/processing.js',
        find: "collection?.stage !== 'publishing' || order.processedUpTo < collection.through",
        replace: 'true',
      },
    ],
  },
  {
    rule: 'adoption: a backup that has promised processes nothing until it knows how far',
    changes: [
      {
        file: 'replica/processing.js',
        find: "r.config.replication === 'semi-active' && knowsAdoption(r)",
        replace: "r.config.replication === 'semi-active'",
      },
    ],
  },
  {
    rule: 'recovery: messages that sessions wait for and that have no order are ordered afresh',
    changes: [
      {
        file: 'replica/sessions.js',
        find: 'else if (connection.bodies.has(seqNum))',
        replace: 'else if (false)',
      },
    ],
  },
  {
    rule: 'joining: who is in the set without having heard of it stays',
    changes: [{ file: 'replica/roles.js', find: 'r.joined && isInSync(record, r.self)', replace: 'false' }],
  },
  {
    rule: 'joining: what an earlier start acknowledged counts for nothing',
    changes: [
      {
        file: 'replica/primary.js',
        find: '!peer.confirmed && frame.heldUpTo < peer.heldUpTo',
        replace: 'false',
      },
    ],
  },
  {
    rule: 'acknowledged: a reply leaves when its order is stable',
    changes: [
      {
        file: 'replica/ordering.js',
        find: 'asked || waited || waitsForStability(r, connection, request)',
        replace: 'asked || waited',
      },
    ],
  },
  {
    rule: 'delivery: a reply asked for again leaves when its order is stable',
    changes: [{ file: 'replica/requests.js', find: 'connection.awaitStable.add(seqNum)', replace: 'void 0' }],
  },
  {
    rule: 'delivery: a stable reply is asked for once',
    changes: [{ file: 'session/delivery.js', find: 'held.asked = true;', replace: ';' }],
  },
  {
    rule: 'checkpoints: they hold the reply cache',
    changes: [{ file: 'connection/connections.js', find: 'outcomes: [...outcomes]', replace: 'outcomes: []' }],
  },
  {
    rule: 'checkpoints: they hold the replies to idempotency keys',
    changes: [{ file: 'connection/connections.js', find: 'keyed.push({ key, ...reply });', replace: ';' }],
  },
  {
    rule: 'hand-over: nothing more is ordered',
    changes: [
      { file: 'replica/ordering.js', find: 'r.steppingDown !== undefined || !mayOrder(r)', replace: '!mayOrder(r)' },
    ],
  },
];
