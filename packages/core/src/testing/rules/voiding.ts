import type { Rule } from './rule.js';

/** Messages that come twice, late or never get an order, and what is kept of connections. */
export const VOIDING_RULES: readonly Rule[] = [
  {
    rule: 'voiding: what a dead client sent, and nobody ordered, is voided',
    scenario: 'rule-voiding',
    without: { 'void-unordered': 'true' },
    lacks: 'S2>S3  announces 1=C1#1 void/t2',
  },
  {
    rule: 'voiding: a client whose link ends after a promotion went on without it counts as dead',
    scenario: 'walk-stream-ends-late',
    without: { 'void-with-stream': ';' },
    lacks: 'S2>S3  announces 1=C1#1 void/t2',
  },
  {
    rule: 'voiding: a primary keeps no body that it had asked for as a backup',
    scenario: 'walk-bodies-come-late',
    without: { 'no-late-bodies': 'true' },
    shows: 'S2: 1 without an order',
  },
  {
    rule: 'voiding: a call that the interceptors end is voided',
    scenario: 'refused-call',
    without: { 'void-refused': ';' },
    lacks: 'S1>S2  announces 2=C1#2 void',
  },
  {
    rule: 'duplicate suppression: a request that comes again is not processed again',
    scenario: 'rule-duplicates',
    without: { 'no-duplicates': 'false' },
    shows: 'stopped: message 1 of session:f000000000000000000000000000c001 goes from processed to received',
  },
  {
    rule: 'session expiry: a session that is back before its turn to be freed is not freed',
    scenario: 'walk-expire-comes-late',
    without: { 'expire-unless-back': 'false' },
    lacks: 'C1  delivered m3 -> m3=3',
  },
  {
    rule: 'bounds: the log is kept for streams only while a message that is not processed may open one',
    scenario: 'busy-drops-log',
    without: { 'log-kept-for-streams': 'true' },
    lacks: 'S2: backup, term 1, held 4, processed 3, stable 3, log 2, digest d1aed2bf98e21: m1 m2 m3',
  },
  {
    rule: 'bounds: the log is not kept for an order that a promotion cut',
    scenario: 'cut-may-not-stay',
    without: { 'cut-stays-no-more': ';' },
    lacks: 'S2: primary, term 2, held 1, processed 1, stable 1, log 0, digest 70c05324b4d89: m1',
  },
  {
    rule: 'bounds: a waiting reply is kept once, however often it is asked for',
    scenario: 'walk-asked-again',
    without: { 'wait-once': ';' },
    shows: 'S1>C1  replies #1 m1=1 stable #1 m1=1 stable #1 m1=1 stable',
  },
  {
    rule: 'bounds: a caller is told once that no reply will come',
    scenario: 'walk-told-once',
    without: { 'abandon-told-once': ';' },
    shows: 'S1>C1  replies #1 abandoned stable #1 abandoned stable',
  },
  {
    rule: 'bounds: a reply leaves once in a turn, however often it is asked for',
    scenario: 'walk-asked-twice',
    without: { 'leave-once': ';' },
    shows: 'S1>C1  replies #1 m1=1 stable #1 m1=1 stable #1 m1=1 stable',
  },
  {
    rule: 'repliesSeenUpTo: a request whose reply was freed is still known, and not processed again',
    scenario: 'reply-cache',
    without: { 'received-once': 'false', 'answered-once': ';' },
    shows: 'S2  processes 4: m1',
  },
  {
    rule: 'session expiry: a late retry on a connection whose records were freed is refused',
    scenario: 'session-expiry',
    without: { 'expired-refused': 'false', 'forgotten-refused': 'false' },
    shows: 'S1  processes 4: m2',
  },
  {
    rule: 'idempotency keys: a retry gets the first reply',
    scenario: 'plain-clients',
    without: { 'keyed-reply': 'undefined' },
    shows: 'S1  processes 2: m1',
  },
  {
    rule: 'idempotency keys: the key of a voided call is free',
    scenario: 'walk-key-of-what-was-voided',
    without: { 'key-of-calls-only': 'true' },
    lacks: 'S3  answers m2 -> m2=1',
  },
  {
    rule: 'idempotency keys: a key names one request',
    scenario: 'plain-clients',
    without: { 'key-names-request': 'false' },
    shows: 'S1  answers other -> m1=1',
  },
  {
    rule: 'idempotency keys: interceptors see a call before its key is looked at',
    scenario: 'interceptors-before-key',
    without: { 'interceptors-before-key': 'false' },
    shows: 'S1  fails other ! UNDERSTUDY_KEY_REUSED',
  },
  {
    rule: 'bad input: a client that reflects an order that was not sealed for it is refused',
    scenario: 'forged-order',
    without: { 'refuse-unsealed': 'false' },
    lacks: 'S1>C1  refused UNDERSTUDY_MALFORMED',
  },
  {
    rule: 'bad input: what a client reflects of stable orders is not opened, and so not refused either',
    scenario: 'removed-secret',
    without: { 'stable-unopened': 'false' },
    shows: 'S1>C1  refused UNDERSTUDY_MALFORMED',
  },
  {
    rule: 'bounds: a backup drops from its log what is stable',
    scenario: 'log-bounds',
    without: { 'truncate-backup-log': ';' },
    lacks: 'S2: backup, term 1, held 3, processed 3, stable 3, log 0, digest d1aed2bf98e21: m1 m2 m3',
  },
  {
    rule: 'session expiry: a session whose end is ordered is not welcomed',
    scenario: 'walk-expire-while-told',
    without: { 'expiring-refused': 'false' },
    lacks: 'S1>C1  refused UNDERSTUDY_SESSION_EXPIRED',
  },
  {
    rule: 'sessions: a client beyond sessionsMax is refused at once',
    scenario: 'sessions-full',
    without: { 'newcomer-refused': 'false' },
    lacks: 'S1>C3  refused UNDERSTUDY_OVERLOADED',
  },
  {
    rule: 'sessions: a call fails at once while no replica has room for its session',
    scenario: 'sessions-full',
    without: { 'fail-without-room': 'undefined' },
    lacks: 'C3  failed m2 ! UNDERSTUDY_OVERLOADED',
  },
  {
    rule: 'voiding: what a session sent is voided as soon as a primary hangs up on it',
    scenario: 'walk-hung-up-on',
    without: { 'void-when-hung-up-on': ';' },
    lacks: 'S2>S3  announces 1=C1#1 void/t2',
  },
];
