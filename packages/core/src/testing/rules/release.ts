import type { Rule } from './rule.js';

/** When a reply may leave and when it may be delivered: what is stable, the lease, and the orders that a reply takes along. */
export const RELEASE_RULES: readonly Rule[] = [
  {
    rule: 'release: a reply waits while an order that it reflects could be lost with the primary',
    scenario: 'rule-release',
    without: { 'release-unretained': 'false' },
    shows: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 2',
  },
  {
    rule: 'delivery: a client that may have been given up delivers nothing',
    scenario: 'rule-delivery',
    without: { 'delivery-in-time': 'true' },
    shows: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'stability: an order is stable only when every in-sync backup holds it',
    scenario: 'rule-stability',
    without: { 'held-by-all': 'false', 'known-to-be-complete': 'true' },
    shows: 'S1  answers m2 -> m2=2',
  },
  {
    rule: 'registration: only a session that every in-sync replica answers for gets replies at once',
    scenario: 'rule-registration',
    without: { 'registered-with-all': ';' },
    shows: 'S1>C1  replies #1 m1=1, sourceOrderInfo 1=C1#1',
  },
  {
    rule: "registration: a backup's report of its sessions begins anew with each link",
    scenario: 'reports-afresh',
    without: { 'reports-afresh': ';' },
    shows: 'S1>C1  replies #2 m2=2, sourceOrderInfo 2=C1#2',
  },
  {
    rule: 'registration: a backup reports its sessions again once a new primary serves',
    scenario: 'walk-reports-early',
    without: { 'reports-to-who-serves': ';' },
    lacks: 'S2>C1  replies #1 m1=1, sourceOrderInfo 1=C1#1/t2',
  },
  {
    rule: 'lease: a primary that its backups no longer acknowledge answers nothing',
    scenario: 'rule-lease',
    without: { 'lease-to-release': 'false' },
    shows: 'C1  delivered what-is-there -> m1',
  },
  {
    rule: 'in-sync set: a backup counts until its removal is certain',
    scenario: 'rule-old-and-new-set',
    without: { 'old-set-counts': '[]' },
    shows: 'S1>C1  replies #1 m1=1 stable',
  },
  {
    rule: 'in-sync set: a backup counts before its addition is certain',
    scenario: 'rule-old-and-new-set-2',
    without: { 'new-set-counts': '[]', 'entering-counts': 'false' },
    shows: 'S1>C1  replies #1 m1=1 stable',
  },
  {
    rule: 'piggyback: a reply carries all orders that are not stable, not only its own',
    scenario: 'rule-closure',
    without: { closure: '$.slice(-1)' },
    shows: 'S2  log UNDERSTUDY_ORDER_LOST hole 1, held 2',
  },
  {
    rule: 'delivery: a waiting reply that is asked for as a stable one leaves only when it is stable',
    scenario: 'walk-asked-while-it-waits',
    without: { 'asked-as-stable': ';' },
    lacks: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'delivery: a client repeats on a new link what it asked on the old one',
    scenario: 'walk-asked-on-the-next-stream',
    without: { 'ask-held-again': ';' },
    lacks: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'bodies: a stable orderNum says nothing about an order of an older term with that number',
    scenario: 'walk-stable-after-cut',
    without: { 'stable-if-adopted': 'true' },
    shows: 'S4  log UNDERSTUDY_ORDER_LOST hole 2, held 3',
  },
  {
    rule: 'delivery: a client drops the replies that it holds back when a new term begins',
    scenario: 'walk-held-of-a-cut-term',
    without: { 'drop-held': ';' },
    shows: 'C1  delivered m1 -> m1=1',
  },
  {
    rule: 'stability: what a backup holds of an older term counts only once the backup knows the adoption',
    scenario: 'rule-collect-peers',
    without: { 'held-for-certain': 'true' },
    lacks: 'S3>S2  answers for C2',
  },
  {
    rule: 'lease: a backup claims only when the lease has certainly run out',
    scenario: 'rule-claim-waits',
    without: { 'claim-after-lease': '$ / 2' },
    shows: '   record: epoch 3, term 2, primary S2, in sync S2',
  },
  {
    rule: 'lease: a learner counts only once it has acknowledged a heartbeat',
    scenario: 'rule-joining-heard',
    without: { 'heard-before-it-counts': 'true' },
    lacks: 'C1  delivered m2 -> m2=2',
  },
  {
    rule: 'null messages: announcements that are too many leave without waiting for a message',
    scenario: 'null-message-count',
    without: { 'null-message-by-count': 'false' },
    lacks: 'S1>C2  null message, sourceOrderInfo 1=C1#1 2=C1#2 3=C1#3',
  },
  {
    rule: 'null messages: announcements that are too old leave without waiting for a message',
    scenario: 'null-message-timer',
    without: { 'null-message-by-time': ';' },
    lacks: 'S1>S2  announces 2=C1#2',
  },
  {
    rule: 'reads: a reply to a read takes the unstable orders that it reflects along',
    scenario: 'rule-reads',
    without: { 'read-carries-orders': ';' },
    shows: 'C2  delivered and-now -> nothing',
  },
  {
    rule: 'reads: a client that can take no orders along sees only what is stable',
    scenario: 'rule-reads-plain',
    without: { 'only-when-stable': ';', 'plain-holds-nothing': 'true' },
    shows: 'S1  answers plain-reader -> m1',
  },
  {
    rule: 'reads: a read reflects what was processed until it ended',
    scenario: 'reads-beside',
    without: { 'read-reflects-its-end': 'false' },
    shows: 'S1  answers slow -> m1',
  },
];
