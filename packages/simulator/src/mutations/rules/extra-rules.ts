import type { RuleToTakeOut } from '@understudy/core/testing';

/** Rules of the design that no scenario is named after: only runs by seed show what each is there for. */
export const EXTRA_RULES: readonly RuleToTakeOut[] = [
  {
    rule: 'terms: replicas refuse what peers say in an older term',
    without: { 'term-of-peers': 'false', 'primary-of-record': 'false' },
  },
  {
    rule: 'terms: each claim raises the term',
    without: { 'claim-raises-term': '$ - 1' },
  },
  {
    rule: 'incarnations: a replica that was restarted is another member',
    without: { 'incarnation-is-member': 'true' },
  },
  {
    rule: 'lease: counts from when the acknowledged heartbeat was sent',
    // Counts from so many milliseconds later, which is about when the acknowledgment arrives.
    without: { 'lease-from-sending': '$ + 50' },
  },
  {
    rule: 'delivery: counts from when the acknowledged heartbeat was sent',
    // Counts from so many milliseconds later, which is about when the acknowledgment arrives.
    without: { 'delivery-from-sending': '$ + 200' },
  },
  {
    rule: 'delivery: what was held back under an older term is dropped',
    without: { 'drop-held': ';' },
  },
  {
    rule: 'reflection: clients pass announcements on to the backups',
    without: { reflect: 'false' },
  },
  {
    rule: 'retention: a client keeps what it sent until its order is stable',
    without: { 'retain-until-stable': 'true' },
  },
  {
    rule: 'retention: a client tells a successor which orders it holds',
    without: { 'tell-held-orders': '[]' },
  },
  {
    rule: 'collection: a body that only its session has is asked for',
    without: { 'ask-for-body': ';' },
  },
  {
    rule: 'collection: peers that were silent leave the set',
    without: { 'silent-leave-set': '[]' },
  },
  {
    rule: 'adoption: nothing beyond it has an effect while it is on its way into the record',
    without: { 'adopted-before-published': 'true' },
  },
  {
    rule: 'adoption: a backup that has promised processes nothing until it knows how far',
    without: { 'adoption-known-first': 'true' },
  },
  {
    rule: 'recovery: messages that sessions wait for and that have no order are ordered afresh',
    without: { 'order-afresh': 'false' },
  },
  {
    rule: 'joining: who is in the set without having heard of it stays',
    without: { 'entered-unheard': 'false' },
  },
  {
    rule: 'joining: what an earlier start acknowledged counts for nothing',
    without: { 'earlier-start': ';' },
  },
  {
    rule: 'acknowledged: a reply leaves when its order is stable',
    without: { 'acknowledged-when-stable': 'false' },
  },
  {
    rule: 'delivery: a reply asked for again leaves when its order is stable',
    without: { 'asked-again-when-stable': ';' },
  },
  {
    rule: 'delivery: a stable reply is asked for once',
    without: { 'asked-once': ';' },
  },
  {
    rule: 'checkpoints: they hold the reply cache',
    without: { 'checkpoint-of-replies': '[]' },
  },
  {
    rule: 'checkpoints: they hold the replies to idempotency keys',
    without: { 'checkpoint-of-keys': ';' },
  },
  {
    rule: 'hand-over: nothing more is ordered',
    without: { 'order-nothing-more': 'false' },
  },
];
