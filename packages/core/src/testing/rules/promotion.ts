import type { Rule } from './rule.js';

/** What a promotion collects, adopts and refuses. */
export const PROMOTION_RULES: readonly Rule[] = [
  {
    rule: 'claim: a claim removes the old primary from the set in the same change',
    scenario: 'rule-claim-removes-primary',
    without: { 'deposed-leaves-set': 'true' },
    shows: '   record: epoch 3, term 2, primary S2, in sync S1 S2',
  },
  {
    rule: 'adoptedThrough: an order of an older term that was not adopted is discarded whenever it turns up',
    scenario: 'rule-adopted-through',
    without: { 'adopted-only': 'true' },
    shows: 'S3  processes 1: m1',
  },
  {
    rule: 'hole: nothing is guessed across a hole in the order',
    scenario: 'rule-cut-at-hole',
    without: { 'cut-at-hole': 'false' },
    shows: 'stopped: adopted 2, holds 0',
  },
  {
    rule: 'hole: the group refuses to go on while a live client holds an order beyond it',
    scenario: 'rule-refuse-at-hole',
    without: { 'refuse-at-hole': 'false' },
    shows: 'S2  is primary, term 2',
  },
  {
    rule: 'terms: what a deposed primary said is refused when it arrives late',
    scenario: 'rule-term',
    without: { 'term-of-replies': 'false' },
    shows: 'C2  delivered m1 -> m1=1',
  },
  {
    rule: 'collection from peers: a successor asks for what only another backup holds',
    scenario: 'rule-collect-peers',
    without: { 'collect-from-peers': ';' },
    shows: '   record: epoch 5, term 2, primary S2, in sync S2 S3, adopted 2:0',
  },
  {
    rule: 'collection from sessions: a successor asks for what only a client holds',
    scenario: 'rule-collect-sessions',
    without: { 'collect-from-sessions': ';' },
    shows: '   record: epoch 4, term 2, primary S2, in sync S2, adopted 2:0',
  },
  {
    rule: 'collection from sessions: a session that was silent for too long and is back before the decision is heard',
    scenario: 'walk-session-is-back',
    without: { 'collect-who-is-back': ';' },
    shows: '   record: epoch 5, term 2, primary S2, in sync S2 S3, adopted 2:0',
  },
  {
    rule: 'collection from sessions: what a live session retains is not called lost while its link is down',
    scenario: 'walk-retained-meanwhile',
    without: { 'wait-for-retained': 'false' },
    shows: '   record: epoch 4, term 2, primary S2, in sync S2, adopted 2:0',
  },
  {
    rule: 'promotion: what a session asked before its new primary served is answered',
    scenario: 'walk-asked-while-promoting',
    without: { 'answer-asked-early': ';' },
    lacks: 'C2  delivered m1 -> m1=1',
  },
  {
    rule: 'collection from sessions: a body that a session sent after it told what it holds is asked for, too',
    scenario: 'walk-sent-after-its-word',
    without: { 'ask-for-sent-since': 'false' },
    lacks: 'S2>C1  lacks #1',
  },
  {
    rule: 'promotion: backups wait for a successor that is waiting for others',
    scenario: 'promotion-waits',
    without: { 'keep-peers-waiting': ';' },
    shows: '   record: epoch 5, term 3, primary S3, in sync S3',
  },
  {
    rule: 'collection: a body is asked for again only when it did not come in time',
    scenario: 'walk-asked-in-time',
    without: { 'ask-in-time': 'false' },
    shows: 'S2>C1  lacks #1',
  },
  {
    rule: 'collection from sessions: one that is heard but never says what it holds is waited for within bounds',
    scenario: 'rule-sessions-in-bounds',
    without: { 'sessions-in-bounds': ';' },
    lacks: 'S2  is primary, term 2',
  },
  {
    rule: 'collection from sessions: the body that a session keeps to itself is waited for within bounds',
    scenario: 'rule-bodies-in-bounds',
    without: { 'bodies-in-bounds': 'true' },
    lacks: 'S2  is primary, term 2',
  },
  {
    rule: 'hole: the group does not stop for a client that does not bring its own message',
    scenario: 'rule-bodies-in-bounds',
    without: { 'nobody-stops-for-its-own': 'true' },
    shows: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 1',
  },
  {
    rule: 'force: an operator may give up what is lost',
    scenario: 'rule-refuse-at-hole',
    without: { 'forced-past-hole': 'true' },
    lacks: 'S2  is primary, term 3',
  },
  {
    rule: 'collection from sessions: a session that only read and is back before the decision is heard',
    scenario: 'walk-reader-is-back',
    without: { 'collect-reader-who-is-back': 'false' },
    lacks: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 1',
  },
  {
    rule: 'beginning: a client holds the orders of a new history, which begins at small numbers again',
    scenario: 'begun-anew',
    without: { 'numbers-begin-again': 'true', 'stable-is-cut': 'false' },
    lacks: 'S2  processes 1: m3',
  },
  {
    rule: 'graceful close: a client forgets the orders that a promotion cut',
    scenario: 'cut-forgotten',
    without: { 'forget-cut-orders': 'false' },
    lacks: 'C1>S1  goodbye',
  },
  {
    rule: 'beginning: a member that was restarted does not count as one that has the state',
    scenario: 'all-restarted',
    without: { 'restarted-has-no-state': 'true' },
    shows: 'S2: blocked: waits for a copy of the state of the primary S1',
  },
];
