import type { Rule } from './rule.js';

/** Rules of comparing the user's states. */
export const DIGEST_RULES: readonly Rule[] = [
  {
    rule: 'divergence: a replica whose state differs is noticed',
    scenario: 'state-differs',
    without: { 'states-compared': 'true' },
    lacks: '   record: epoch 4, term 1, primary S1, in sync S1 S3',
  },
  {
    rule: 'divergence: backups restore their states by turns',
    scenario: 'states-by-turns',
    without: { 'one-restores-at-a-time': 'false' },
    shows: 'S1  log UNDERSTUDY_DIVERGED peer S3, orderNum 6',
  },
  {
    rule: 'divergence: the order after a digest says that there is one',
    scenario: 'digest-marked',
    without: { 'digest-marked': 'false' },
    lacks: 'S2  takes a digest of its state after 3',
  },
  {
    rule: 'divergence: a replica whose every copy would differ stays',
    scenario: 'restore-shuffles',
    without: { 'restore-differs-once': ';' },
    shows: 'S2  rejoins: removed from the in-sync set',
  },
  {
    rule: 'divergence: a replica whose copies may differ without a cause does not leave again and again',
    scenario: 'state-told',
    without: { 'state-told-only': 'true' },
    shows: 'S2  rejoins: removed from the in-sync set',
  },
  {
    rule: 'divergence: a state whose copy is dear is compared only where that is asked for',
    scenario: 'digest-dear',
    without: { 'dear-state-not-by-default': 'true' },
    shows: 'S1  takes a digest of its state after 3',
  },
  {
    rule: 'divergence: who takes over waits for no digest',
    scenario: 'digest-gives-way',
    without: { 'no-digest-before-serving': ';' },
    lacks: 'S2  is primary, term 2',
  },
  {
    rule: 'divergence: nobody waits for ever for a digest',
    scenario: 'digest-stalls',
    without: { 'digest-not-for-ever': 'true' },
    lacks: 'S1  gives up the digest',
  },
  {
    rule: 'divergence: what a former primary told of its state is no measure',
    scenario: 'digest-of-former',
    without: { 'one-restores-at-a-time': 'false', 'digest-of-primary': ';' },
    shows: 'S3  rejoins: removed from the in-sync set',
  },
  {
    rule: 'divergence: a replica that takes long for a digest is not taken for dead',
    scenario: 'digest-slow',
    without: { 'busy-while-digesting': 'false' },
    shows: 'S2  is promoting, term 2',
  },
  {
    rule: 'divergence: no digest costs the primary its lease',
    scenario: 'digest-within-lease',
    without: { 'digest-within-lease': 'true' },
    shows: 'S1  takes a digest of its state after 3',
  },
];
