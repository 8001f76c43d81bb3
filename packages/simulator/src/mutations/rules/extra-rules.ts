import type { RuleToTakeOut } from '@understudy/core/testing';

/** Rules of the design without a scenario of their own: only runs by seed show what each of them is for. */
export const EXTRA_RULES: readonly RuleToTakeOut[] = [
  {
    rule: 'terms: a replica refuses what a peer says in an older term',
    without: { 'term-of-peers': 'false', 'primary-of-record': 'false' },
  },
  {
    rule: 'terms: each claim raises the term',
    without: { 'claim-raises-term': '$ - 1' },
  },
  {
    rule: 'incarnations: a restarted replica is another member',
    without: { 'incarnation-is-member': 'true' },
  },
  {
    rule: 'lease: it counts from when the acknowledged heartbeat was sent',
    // Counts from so many milliseconds later, which is about when the acknowledgment arrives.
    without: { 'lease-from-sending': '$ + 50' },
  },
  {
    rule: "delivery: the client's time counts from when the acknowledged heartbeat was sent",
    // Counts from so many milliseconds later, which is about when the acknowledgment arrives.
    without: { 'delivery-from-sending': '$ + 200' },
  },
  {
    rule: 'delivery: what a client held back under an older term is dropped',
    without: { 'drop-held': ';' },
  },
  {
    rule: 'reflection: clients pass announcements on to the backups',
    without: { reflect: 'false' },
  },
  {
    rule: 'retention: a client keeps a request until its order is stable',
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
    rule: 'adoption: orders beyond an adoption have no effect while it is on its way into the record',
    without: { 'adopted-before-published': 'true' },
  },
  {
    rule: 'adoption: a backup that has promised processes nothing until it knows what was adopted',
    without: { 'adoption-known-first': 'true' },
  },
  {
    rule: 'recovery: messages without an order that sessions wait for are ordered afresh',
    without: { 'order-afresh': 'false' },
  },
  {
    rule: 'joining: a replica that is in the set without having heard of it stays',
    without: { 'entered-unheard': 'false' },
  },
  {
    rule: 'joining: what a replica acknowledged from an earlier checkpoint counts for nothing',
    without: { 'earlier-start': 'true' },
  },
  {
    rule: 'acknowledged release: a reply leaves when its order is stable',
    without: { 'acknowledged-when-stable': 'false' },
  },
  {
    rule: 'delivery: a reply that is asked for again leaves when its order is stable',
    without: { 'asked-again-when-stable': ';' },
  },
  {
    rule: 'delivery: a client asks for a stable reply once',
    without: { 'asked-once': ';' },
  },
  {
    rule: 'checkpoints: a checkpoint holds the reply cache',
    without: { 'checkpoint-of-replies': '[]' },
  },
  {
    rule: 'checkpoints: a checkpoint holds the replies to idempotency keys',
    without: { 'checkpoint-of-keys': ';' },
  },
  {
    rule: 'hand-over: a primary that hands over orders nothing more',
    without: { 'order-nothing-more': 'false' },
  },
];
