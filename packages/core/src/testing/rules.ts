import type { TextChange } from './compiled-text.js';

/** A rule of the design, how to take it out of the compiled core, and what a scenario then tells. */
export interface Rule {
  readonly rule: string;
  readonly transcript: string;
  readonly changes: readonly (TextChange & { readonly file: string })[];
  /** A line that the scenario has only without the rule: the violation. */
  readonly shows?: string;
  /** A line that the scenario has only with the rule. */
  readonly lacks?: string;
}

export const RULES: readonly Rule[] = [
  {
    rule: 'release: a reply waits while an order that it reflects could be lost with the primary',
    transcript: 'rule-release',
    changes: [{ file: 'replica/release.js', find: 'reply.orderNum >= this.firstUnretained(order)', replace: 'false' }],
    shows: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 2',
  },
  {
    rule: 'delivery: a client that may have been given up does not deliver',
    transcript: 'rule-delivery',
    changes: [{ file: 'session/delivery.js', find: 'stable || mayDeliver(s)', replace: 'true' }],
    shows: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'stability: every in-sync backup holds the order',
    transcript: 'rule-stability',
    changes: [{ file: 'replica/stability.js', find: 'held < stable', replace: 'false' }],
    shows: 'S1  answers m2 -> m2=2',
  },
  {
    rule: 'registration: only sessions that every in-sync replica answers for get replies at once',
    transcript: 'rule-registration',
    changes: [
      {
        file: 'replica/stability.js',
        find: 'peer === undefined || !peer.registered.has(connection)',
        replace: 'false',
      },
    ],
    shows: 'S1>C1  replies #1 m1=1, sourceOrderInfo 1=C1#1',
  },
  {
    rule: 'registration: what a backup says of its sessions begins anew with each stream',
    transcript: 'reports-afresh',
    changes: [{ file: 'replica/primary.js', find: 'if (frame.afresh)', replace: 'if (false)' }],
    shows: 'S1>C1  replies #2 m2=2, sourceOrderInfo 2=C1#2',
  },
  {
    rule: 'registration: a new primary hears again of sessions once it serves',
    transcript: 'walk-reports-early',
    changes: [{ file: 'replica/backup.js', find: 'if (r.heartbeatMs === 0)', replace: 'if (false)' }],
    lacks: 'S2>C1  replies #1 m1=1, sourceOrderInfo 1=C1#1/t2',
  },
  {
    rule: 'lease: a primary that nobody acknowledges answers nothing',
    transcript: 'rule-lease',
    changes: [{ file: 'replica/release.js', find: 'if (!holdsLease)', replace: 'if (false)' }],
    shows: 'C1  delivered what-is-there -> m1',
  },
  {
    rule: 'old and new set: a backup counts until its removal is certain',
    transcript: 'rule-old-and-new-set',
    changes: [
      {
        file: 'replica/stability.js',
        find: 'const required = record.inSync',
        replace: 'const required = (inFlight ?? record).inSync',
      },
    ],
    shows: 'S1>C1  replies #1 m1=1 stable',
  },
  {
    rule: 'old and new set: a backup counts before its addition is certain',
    transcript: 'rule-old-and-new-set-2',
    changes: [
      { file: 'replica/stability.js', find: 'of inFlight?.inSync ?? []', replace: 'of []' },
      { file: 'replica/stability.js', find: "learner === 'entering'", replace: 'false' },
    ],
    shows: 'S1>C1  replies #1 m1=1 stable',
  },
  {
    rule: 'claim: the old primary leaves the set in the same transaction',
    transcript: 'rule-claim-removes-primary',
    changes: [
      {
        file: 'replica/transitions.js',
        find: 'record.inSync.filter((member) => member.id !== leaving)',
        replace: 'record.inSync',
      },
    ],
    shows: '   record: epoch 3, term 2, primary S2, in sync S1 S2',
  },
  {
    rule: 'adoptedThrough: an order that no promotion adopted is discarded whenever it turns up',
    transcript: 'rule-adopted-through',
    changes: [
      {
        file: 'replica/backup-receive.js',
        find: 'adoptionPublished(record) && isAdopted(record, info)',
        replace: 'true',
      },
    ],
    shows: 'S3  processes 1: m1',
  },
  {
    rule: 'voiding: what a dead client sent without an order is voided',
    transcript: 'rule-voiding',
    changes: [
      {
        file: 'replica/sessions.js',
        find: 'connection.queued.has(seqNum))\n            continue;',
        replace: 'true)\n            continue;',
      },
    ],
    lacks: 'S2>S3  announces 1=C1#1 void/t2',
  },
  {
    rule: 'voiding: a client whose stream ends after its promotion went on without it is dead, too',
    transcript: 'walk-stream-ends-late',
    changes: [
      {
        file: 'replica/sessions.js',
        find: 'dropWaiting(r, connection);\n    if (r.isPrimary)',
        replace: 'dropWaiting(r, connection);\n    if (false)',
      },
    ],
    lacks: 'S2>S3  announces 1=C1#1 void/t2',
  },
  {
    rule: 'voiding: a primary keeps no body that it asked for as a backup',
    transcript: 'walk-bodies-come-late',
    changes: [
      {
        file: 'replica/replica.js',
        find: 'r.isPrimary ? undefined : onBodies(r, frame.bodies)',
        replace: 'onBodies(r, frame.bodies)',
      },
    ],
    shows: 'S2: 1 without an order',
  },
  {
    rule: 'voiding: a call that the interceptors end is voided',
    transcript: 'refused-call',
    changes: [
      {
        file: 'replica/requests.js',
        find: "r.scheduler.add({ kind: 'void', connection, seqNum, outcome });",
        replace: ';',
      },
    ],
    lacks: 'S1>S2  announces 2=C1#2 void',
  },
  {
    rule: 'cut at a hole: nothing is guessed across it',
    transcript: 'rule-cut-at-hole',
    changes: [
      {
        file: 'replica/promoting.js',
        find: '(hole.orderNum - 1)',
        replace: 'Math.max(hole.orderNum - 1, r.order.last)',
      },
    ],
    shows: 'stopped: adopted 2, holds 0',
  },
  {
    rule: 'refusal at a hole: a live client holds an order beyond it',
    transcript: 'rule-refuse-at-hole',
    changes: [{ file: 'replica/promoting.js', find: 'held >= hole.orderNum && !record.forced', replace: 'false' }],
    shows: 'S2  is primary, term 2',
  },
  {
    rule: 'closure of the piggyback: a reply carries all orders that are not stable',
    transcript: 'rule-closure',
    changes: [
      {
        file: 'ordering/primary-order.js',
        find: 'this.pendingSourceOrder.slice(carried, upTo)',
        replace: 'this.pendingSourceOrder.slice(upTo - 1, upTo)',
      },
    ],
    shows: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 2',
  },
  {
    rule: 'duplicate suppression: a request that comes again is not processed again',
    transcript: 'rule-duplicates',
    changes: [{ file: 'replica/requests.js', find: 'connection.knows(seqNum) || ', replace: '' }],
    shows: 'S1  processes 2: m1',
  },
  {
    rule: 'terms: what a deposed primary said is refused when it comes late',
    transcript: 'rule-term',
    changes: [{ file: 'session/incoming.js', find: 'header.term < s.term', replace: 'false' }],
    shows: 'C2  delivered m1 -> m1=1',
  },
  {
    rule: 'collection from peers: what only another backup holds is asked for',
    transcript: 'rule-collect-peers',
    changes: [{ file: 'replica/promoting.js', find: 'collection.waitingPeers.set(', replace: 'void (' }],
    shows: '   record: epoch 5, term 2, primary S2, in sync S2 S3, adopted 2:0',
  },
  {
    rule: 'collection from sessions: what only a client holds is asked for',
    transcript: 'rule-collect-sessions',
    changes: [{ file: 'replica/promoting.js', find: 'if (session.registered)', replace: 'if (false)' }],
    shows: '   record: epoch 4, term 2, primary S2, in sync S2, adopted 2:0',
  },
  {
    rule: 'collection from sessions: one that was silent for too long, but is back, is heard',
    transcript: 'walk-session-is-back',
    changes: [
      {
        file: 'replica/collection.js',
        find: "this.stage === 'collecting' && !this.#held.has(connection)",
        replace: 'false',
      },
    ],
    shows: '   record: epoch 5, term 2, primary S2, in sync S2 S3, adopted 2:0',
  },
  {
    rule: 'collection from sessions: what a session retains is not lost while its stream is down',
    transcript: 'walk-retained-meanwhile',
    changes: [{ file: 'replica/promoting.js', find: 'return session.registered;', replace: 'return false;' }],
    shows: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 1',
  },
  {
    rule: 'promotion: what a session asked before its new primary served is answered',
    transcript: 'walk-asked-while-promoting',
    changes: [
      {
        file: 'replica/sessions.js',
        find: 'if (seqNum > collected.sentUpTo)\n            giveCached(',
        replace: 'if (false)\n            giveCached(',
      },
    ],
    lacks: 'C2  delivered m1 -> m1=1',
  },
  {
    rule: 'session expiry: a session that is back is not freed',
    transcript: 'walk-expire-comes-late',
    changes: [
      {
        file: 'replica/ordering.js',
        find: 'connection === undefined || connection.session !== undefined',
        replace: 'connection === undefined',
      },
    ],
    lacks: 'C1  delivered m3 -> m3=3',
  },
  {
    rule: 'joining: a replica enters only when it holds all that was released',
    transcript: 'joining-released',
    changes: [{ file: 'replica/primary.js', find: ' || peer.heldUpTo < peer.enteredAt', replace: '' }],
    shows: 'S3  is primary, term 2',
  },
  {
    rule: 'bounds: a reply that waits is kept once',
    transcript: 'walk-asked-again',
    changes: [{ file: 'replica/ordering.js', find: 'if (waiting !== undefined)', replace: 'if (false)' }],
    shows: 'S1>C1  replies #1 m1=1 stable #1 m1=1 stable #1 m1=1 stable',
  },
  {
    rule: 'delivery: a reply that waits and is asked for as a stable one leaves as that',
    transcript: 'walk-asked-while-it-waits',
    changes: [
      {
        file: 'replica/ordering.js',
        find: 'waiting.mustBeStable ||= connection.awaitStable.has(seqNum)',
        replace: 'void 0',
      },
    ],
    lacks: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'delivery: what was asked on a stream that broke is asked on the next',
    transcript: 'walk-asked-on-the-next-stream',
    changes: [{ file: 'session/incoming.js', find: 'askHeldAgain(s);', replace: ';' }],
    lacks: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'bodies: what is stable says nothing of an order that was cut',
    transcript: 'walk-stable-after-cut',
    changes: [
      { file: 'session/calls.js', find: '!(adoptionPublished(s.view) && isAdopted(s.view, order))', replace: 'false' },
    ],
    shows: 'S4  log UNDERSTUDY_ORDER_LOST hole 2, held 3',
  },
  {
    rule: 'streams: one that is not wanted any more is cancelled behind its opening',
    transcript: 'walk-stream-admitted-unwanted',
    changes: [{ file: 'replica/sessions.js', find: 'if (stream.admitted)\n', replace: 'if (true)\n' }],
    shows: 'S2  processes 1: cancel(1)',
  },
  {
    rule: 'backlog: streams are ended when a successor would have to replay too much',
    transcript: 'stream-backlog',
    changes: [{ file: 'replica/backlog.js', find: 'endStreams(r);\n    }', replace: '}' }],
    lacks: 'S1  processes 7: cancel(1)',
  },
  {
    rule: 'backlog: new streams wait while those that are open may end',
    transcript: 'stream-backlog',
    changes: [{ file: 'replica/streams.js', find: 'if (!r.isDraining)', replace: 'if (true)' }],
    lacks: 'S1: 1 without an order',
  },
  {
    rule: 'delivery: a reply that is held back when another term begins is dropped',
    transcript: 'walk-held-of-a-cut-term',
    changes: [{ file: 'session/incoming.js', find: '    dropHeld(s);', replace: '' }],
    shows: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'streams: messages are ordered by their position',
    transcript: 'walk-stream-position',
    changes: [{ file: 'replica/streams.js', find: 'part.position > stream.nextPosition || ', replace: '' }],
    shows: 'C1  s1 << b=1',
  },
  {
    rule: 'handing over: what was ordered is published with the change, and nobody is asked',
    transcript: 'hand-over',
    changes: [{ file: 'replica/primary.js', find: 'settled ? r.order.last : undefined', replace: 'undefined' }],
    shows: 'S2>S3  term 2: what do you hold beyond 1?',
  },
  {
    rule: 'handing over: the successor of a passive primary is given a copy of the state first',
    transcript: 'hand-over-passive',
    changes: [{ file: 'replica/replica.js', find: 'checkpointForSuccessor(r);', replace: '' }],
    shows: 'S2  processes 1: m1',
  },
  {
    rule: 'collection from sessions: what was sent after the word of what is held is asked for',
    transcript: 'walk-sent-after-its-word',
    changes: [{ file: 'replica/promoting.js', find: 'info.seqNum <= collected.sentUpTo && ', replace: '' }],
    lacks: 'S2>C1  lacks #1',
  },
  {
    rule: 'bounds: that no reply will come is said once',
    transcript: 'walk-told-once',
    changes: [
      {
        file: 'replica/ordering.js',
        find: 'if (isAbandoned(outcome))\n        connection.takeWaiters',
        replace: 'if (false)\n        connection.takeWaiters',
      },
    ],
    shows: 'S1>C1  replies #1 abandoned stable #1 abandoned stable',
  },
  {
    rule: 'bounds: a reply that leaves with the turn leaves once',
    transcript: 'walk-asked-twice',
    changes: [{ file: 'replica/ordering.js', find: 'takeBack(connection, seqNum);', replace: ';' }],
    shows: 'S1>C1  replies #1 m1=1 stable #1 m1=1 stable #1 m1=1 stable',
  },
  {
    rule: 'checkpoints: they cover no message that is yet to be processed',
    transcript: 'walk-checkpoint-covers',
    changes: [
      {
        file: 'connection/connections.js',
        find: 'connection.coveredUpTo(processedUpTo)',
        replace: 'connection.repliesSeenUpTo',
      },
    ],
    shows: 'S3>S2  lacks bodies #1',
  },
  {
    rule: 'stability: what a backup holds of an older term counts only once its adoption is known',
    transcript: 'rule-collect-peers',
    changes: [
      { file: 'replica/fan-out.js', find: 'heldUpTo: certainlyHeldUpTo(r)', replace: 'heldUpTo: r.order.heldUpTo' },
    ],
    lacks: 'S3>S2  answers for C2',
  },
  {
    rule: 'promotion: backups wait for a successor that waits for others',
    transcript: 'promotion-waits',
    changes: [{ file: 'replica/promoting.js', find: 'keepPeersWaiting(r);', replace: ';' }],
    shows: '   record: epoch 5, term 3, primary S3, in sync S3',
  },
  {
    rule: 'lease: a backup claims only when the lease has run out for certain',
    transcript: 'rule-claim-waits',
    changes: [
      {
        file: 'replica/backup.js',
        find: '<= r.config.leaseMs * (1 + CLOCK_DRIFT)',
        replace: '<= r.config.leaseMs / 2',
      },
    ],
    shows: '   record: epoch 3, term 2, primary S2, in sync S2',
  },
  {
    rule: 'repliesSeenUpTo: what a client will not ask for again is not done again',
    transcript: 'reply-cache',
    changes: [
      { file: 'connection/connection.js', find: 'seqNum <= this.receivedUpTo ||', replace: '' },
      { file: 'replica/requests.js', find: 'r.isPrimary && seqNum <= connection.repliesSeenUpTo', replace: 'false' },
    ],
    shows: 'S2  processes 4: m1',
  },
  {
    rule: 'session expiry: a late retry is refused',
    transcript: 'session-expiry',
    changes: [
      {
        file: 'replica/sessions.js',
        find: 'r.connections.hasExpired(frame.connection) || forgotten',
        replace: 'false',
      },
    ],
    shows: 'S1  processes 4: m2',
  },
  {
    rule: 'idempotency keys: a retry gets the first reply',
    transcript: 'plain-clients',
    changes: [{ file: 'replica/requests.js', find: 'r.connections.keyed(key)', replace: 'undefined' }],
    shows: 'S1  processes 2: m1',
  },
  {
    rule: 'idempotency keys: the key of what was voided is free',
    transcript: 'walk-key-of-what-was-voided',
    changes: [
      {
        file: 'replica/processing.js',
        find: "kind === 'call' ? entry.request : undefined",
        replace: 'entry.request',
      },
    ],
    lacks: 'S3  answers m2 -> m2=1',
  },
  {
    rule: 'idempotency keys: a key names one request',
    transcript: 'plain-clients',
    changes: [
      {
        file: 'replica/requests.js',
        find: 'first !== undefined && first !== requestDigest(request.method, request.message)',
        replace: 'false',
      },
    ],
    shows: 'S1  answers other -> m1=1',
  },
  {
    rule: 'checkpoints: one stands for the log only when its order is stable',
    transcript: 'checkpoint-stable',
    changes: [{ file: 'replica/checkpoints.js', find: 'checkpoint.orderNum > r.stableUpTo', replace: 'false' }],
    shows: '   record: epoch 5, term 2, primary S2, in sync S2 S3, adopted 2:0',
  },
  {
    rule: 'passive replication: the successor starts from the checkpoint',
    transcript: 'passive',
    changes: [
      {
        file: 'replica/promoting.js',
        find: "r.config.replication === 'passive' && r.checkpoint !== undefined",
        replace: 'false',
      },
    ],
    shows: 'C1  delivered m6 -> m6=2',
  },
  {
    rule: 'hand-over: everything becomes stable first',
    transcript: 'hand-over',
    changes: [{ file: 'replica/primary.js', find: '!settled && r.nowMs', replace: 'false && r.nowMs' }],
    shows: '   record: epoch 4, term 2, primary S3, in sync S2 S3',
  },
  {
    rule: 'graceful close: a client waits until what it holds is stable',
    transcript: 'close',
    changes: [{ file: 'session/session.js', find: '!settled && s.nowMs', replace: 'false && s.nowMs' }],
    shows: 'C1  ended, not clean',
  },
  {
    rule: 'divergence: another digest is noticed',
    transcript: 'divergence',
    changes: [{ file: 'replica/processing.js', find: 'mine === expected.value', replace: 'true' }],
    lacks: 'S2  log UNDERSTUDY_DIVERGED orderNum 1',
  },
  {
    rule: 'stalled handlers: the group goes on behind them',
    transcript: 'stalled-handler',
    changes: [{ file: 'replica/replica.js', find: 'checkStall(r);', replace: ';' }],
    lacks: 'S1  leaves behind m1',
  },
  {
    rule: 'gaps: a backup asks for the body that it lacks',
    transcript: 'sequence-gap',
    changes: [{ file: 'replica/backup.js', find: 'askForMissing(r);', replace: ';' }],
    lacks: 'S2>S1  lacks bodies #2',
  },
  {
    rule: 'collection: a body is asked for again only when it did not come in time',
    transcript: 'walk-asked-in-time',
    changes: [{ file: 'replica/collection.js', find: 'nowMs - this.#askedMs < afterMs', replace: 'false' }],
    shows: 'S2>C1  lacks #1',
  },
  {
    rule: 'hand-over: a backup that stops is let go before it is silent',
    transcript: 'leaving',
    changes: [
      {
        file: 'replica/replica.js',
        find: "r.role === 'backup' || r.role === 'promoting'",
        replace: 'false',
      },
      { file: 'replica/primary.js', find: 'if (frame.leaving)', replace: 'if (false)' },
    ],
    lacks: 'S3>S1  holds up to 1, leaves',
  },
  {
    rule: 'lease: who catches up counts once it has acknowledged a heartbeat',
    transcript: 'rule-joining-heard',
    changes: [{ file: 'replica/primary.js', find: 'isClose && isHeard', replace: 'isClose' }],
    lacks: 'C1  delivered m2 -> m2=2',
  },
  {
    rule: 'gaps: the log has what came before the end of a connection',
    transcript: 'walk-expired-before-held',
    changes: [{ file: 'replica/primary.js', find: 'unstable.find(', replace: '[].find(' }],
    lacks: 'S1>S2  bodies m1',
  },
  {
    rule: 'null messages by count',
    transcript: 'null-message-count',
    changes: [
      {
        file: 'ordering/primary-order.js',
        find: 'this.pendingSourceOrder.length > this.#pendingSourceOrderMax',
        replace: 'false',
      },
    ],
    lacks: 'S1>C2  null message, sourceOrderInfo 1=C1#1 2=C1#2 3=C1#3',
  },
  {
    rule: 'null messages by time',
    transcript: 'null-message-timer',
    changes: [{ file: 'replica/primary.js', find: 'announceLate(r);', replace: ';' }],
    lacks: 'S1>S2  announces 2=C1#2',
  },
  {
    rule: 'force: an operator may give up what is lost',
    transcript: 'rule-refuse-at-hole',
    changes: [{ file: 'replica/promoting.js', find: ' && !record.forced', replace: '' }],
    lacks: 'S2  is primary, term 3',
  },
  {
    rule: 'bad input: an order that was never given is refused',
    transcript: 'forged-order',
    changes: [
      { file: 'replica/sessions.js', find: 'foreign === undefined || session.link === undefined', replace: 'true' },
    ],
    lacks: 'S1>C1  refused UNDERSTUDY_MALFORMED',
  },
  {
    rule: 'bad input: a backup takes no order from a client where the primary announces itself',
    transcript: 'forged-order-direct',
    changes: [{ file: 'replica/sessions.js', find: "if (r.config.multicast === 'destination')", replace: 'true' }],
    lacks: 'S2  processes 1: m1',
  },
  {
    rule: 'memory is bounded: a backup drops what is stable',
    transcript: 'log-bounds',
    changes: [{ file: 'replica/backup.js', find: 'truncateLog(r);', replace: ';' }],
    lacks: 'S2: backup, term 1, held 3, processed 3, stable 3, log 0, digest b26d712c6cbb7: m1 m2 m3',
  },
  {
    rule: 'reads: one that reflects what is not stable takes its order along',
    transcript: 'rule-reads',
    changes: [
      {
        file: 'replica/ordering.js',
        find: 'if (orderNum > session.carryUpTo)',
        replace: "if (to.kind === 'seq' && orderNum > session.carryUpTo)",
      },
    ],
    shows: 'C2  delivered and-now -> nothing',
  },
  {
    rule: 'reads: a client that can take no order along sees only what is stable',
    transcript: 'rule-reads-plain',
    changes: [
      { file: 'replica/release.js', find: 'reply.mustBeStable || reply.connection === undefined', replace: 'false' },
      {
        file: 'replica/release.js',
        find: '!this.registered(reply.connection)',
        replace: 'reply.connection && !this.registered(reply.connection)',
      },
    ],
    shows: 'S1  answers plain-reader -> m1',
  },
  {
    rule: 'streams: one that the group does not know any more ends',
    transcript: 'stream-forced',
    changes: [
      { file: 'replica/stream-items.js', find: 'unknownStream(r, connection, of, received));', replace: 'undefined);' },
    ],
    lacks: 'C1  failed s1 ! UNDERSTUDY_INDETERMINATE, may have taken effect',
  },
  {
    rule: 'streams: nothing waits for an opening that was refused',
    transcript: 'walk-stream-ends-after-refusal',
    changes: [{ file: 'replica/requests.js', find: 'connection.bodies.delete(seqNum);', replace: ';' }],
    lacks: 'C1  ended',
  },
  {
    rule: 'streams: one whose end was cut is cancelled',
    transcript: 'walk-stream-end-cut',
    changes: [{ file: 'replica/sessions.js', find: 'cancelEnded(r, connection, collected);', replace: ';' }],
    lacks: 'S2  processes 2: cancel(1)',
  },
  {
    rule: 'streams: items are delivered as replies are',
    transcript: 'stream-delivery',
    changes: [
      {
        file: 'session/stream-items.js',
        find: 'items.length > 0 && mayDeliver(s)',
        replace: 'true',
      },
    ],
    shows: 'C1  s1 << a=1',
  },
  {
    rule: 'streams: a message without an order when the primary changed is sent again',
    transcript: 'stream-voided',
    changes: [
      {
        file: 'session/streams.js',
        find: 'if (voided)\n        sendPartAgain(s, stream, sent, part);',
        replace: 'if (voided)\n        ;',
      },
    ],
    lacks: 'S2  processes 4: a(3.1)',
  },
  {
    rule: 'streams: one whose client had seen what was cut ends',
    transcript: 'stream-torn',
    changes: [{ file: 'session/streams.js', find: 'isAdopted(s.view, info)', replace: 'true' }],
    lacks: 'C1  failed s1 ! UNDERSTUDY_INDETERMINATE, may have taken effect',
  },
  {
    rule: 'collection from sessions: one that only read is heard when it is back',
    transcript: 'walk-reader-is-back',
    changes: [{ file: 'replica/sessions.js', find: ' || known !== undefined', replace: '' }],
    lacks: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 1',
  },
  {
    rule: 'streams: one whose last credit was cut is cancelled, though it is over',
    transcript: 'walk-stream-credit-cut',
    changes: [
      {
        file: 'replica/sessions.js',
        find: 'if (stream.id > sentUpTo || open.has(stream.id))',
        replace: 'if (stream.id > sentUpTo || open.has(stream.id) || stream.over)',
      },
    ],
    lacks: 'S2  processes 3: cancel(1)',
  },
  {
    rule: 'streams: those of a connection end with it',
    transcript: 'stream-ends-apart',
    changes: [{ file: 'replica/processing.js', find: 'dropStreams(r, info.connection);', replace: ';' }],
    lacks: 'S2>S1  checkpoint at 2 to start from',
  },
  {
    rule: 'divergence: nobody joins from a base that is older',
    transcript: 'stream-diverges',
    changes: [{ file: 'replica/base.js', find: 'checkpoint.orderNum < r.differedUpTo', replace: 'false' }],
    shows: 'S1>S2  checkpoint at 0 to start from',
  },
  {
    rule: 'session expiry: whose end is ordered is not welcomed any more',
    transcript: 'walk-expire-while-told',
    changes: [{ file: 'replica/sessions.js', find: ' || known?.expiring === true', replace: '' }],
    lacks: 'S1>C1  refused UNDERSTUDY_SESSION_EXPIRED',
  },
  {
    rule: 'voiding: what a session sent is voided as soon as it is hung up on',
    transcript: 'walk-hung-up-on',
    changes: [
      {
        file: 'replica/sessions.js',
        find: "r.effects.push({ kind: 'closeSession', link });\n    onSessionDown(r, link);",
        replace: "r.effects.push({ kind: 'closeSession', link });",
      },
    ],
    lacks: 'S2>S3  announces 1=C1#1 void/t2',
  },
  {
    rule: 'nested calls: a successor sends again what is open',
    transcript: 'nested-deposed',
    changes: [{ file: 'replica/primary.js', find: 'r.nested.sendAgain();', replace: ';' }],
    lacks: 'S2  calls another service: g/2 1.0',
  },
  {
    rule: 'nested calls: no checkpoint is taken while a handler waits',
    transcript: 'nested-joining',
    changes: [
      { file: 'replica/ordering.js', find: 'isDue && isAtRest(r) && allPassed(r)', replace: 'isDue && allPassed(r)' },
    ],
    lacks: 'S1>S2  checkpoint at 2 to start from',
  },
  {
    rule: 'nested calls: an idempotency key names its call while the handler waits',
    transcript: 'nested-keyed',
    changes: [{ file: 'replica/processing.js', find: 'r.keyedRunning.set(request.key, name);', replace: ';' }],
    shows: 'S2  processes 2: ask-a',
  },
  {
    rule: 'nested calls: whoever waits for a handler that waits hears that its call may have taken effect',
    transcript: 'nested-deposed',
    changes: [
      {
        file: 'replica/roles.js',
        find: ' || r.unfinished.has(nameOf({ connection: connection.id, seqNum }))',
        replace: '',
      },
    ],
    shows: 'S1  fails ask-a ! UNDERSTUDY_NOT_PRIMARY',
  },
  {
    rule: 'nested calls: what is settled has replies that are stable',
    transcript: 'nested-settled',
    changes: [{ file: 'replica/nested-calls.js', find: ' || processedAt > stableUpTo', replace: '' }],
    shows: 'S1  calls another service: g/1 2.0, settled up to 1',
  },
];
