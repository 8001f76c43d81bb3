import type { Rule } from './rule.js';

/** While the replicas of a group have different settings and different code. */
export const UPGRADE_RULES: readonly Rule[] = [
  {
    rule: 'settings: those of the primary are in force at every replica',
    scenario: 'settings-of-primary',
    without: { 'settings-of-primary': ';' },
    shows: 'S2  is promoting, term 2',
  },
  {
    rule: 'settings: clients are told when a new primary brings others',
    scenario: 'clients-are-told',
    without: { 'tell-settings': ';' },
    lacks: "C1  follows the group's settings",
  },
  {
    rule: 'settings: a session that was told a longer sessionMs counts as silent by that',
    scenario: 'session-told-longer',
    without: { 'longest-told': '$ - 600' },
    shows: 'S3>S2  gave up C1',
  },
  {
    rule: 'code: a replica executes only what a primary of the same version ordered',
    scenario: 'other-code-follows',
    without: { 'same-code': 'true' },
    shows: 'S2  processes 1: m1',
  },
  {
    rule: 'code: a successor with other code is given a copy of the newest state first',
    scenario: 'hand-over-to-other-code',
    without: { 'copy-for-other-code': 'false', 'copy-after-passive': 'false' },
    shows: 'S2  processes 1: m1',
  },
  {
    rule: 'code: a successor that logged orders of a passive term is given a copy of the state first',
    scenario: 'hand-over-after-passive',
    without: { 'copy-after-passive': 'false' },
    shows: 'S3  processes 1: m1',
  },
  {
    rule: 'code: streams end before a hand-over to other code',
    scenario: 'streams-end-for-other-code',
    without: { 'end-for-other-code': ';' },
    lacks: 'S1  processes 3: cancel(1)',
  },
  {
    rule: 'code: a primary that is to stop orders timers until a copy can be made',
    scenario: 'timers-for-other-code',
    without: { 'timers-while-leaving': ';' },
    lacks: 'S2  takes a checkpoint',
  },
  {
    rule: 'code: after a crash a backup with the old code goes first',
    scenario: 'same-code-first',
    without: { 'same-code-first': 'false' },
    shows: 'S2  is promoting, term 2',
  },
  {
    rule: 'code: a backup that does not execute is given copies',
    scenario: 'same-code-first',
    without: { 'copy-for-follower': 'false' },
    lacks: 'S3>S2  checkpoint at 1',
  },
  {
    rule: 'code: a replica that joined with an older copy is given one that covers what other code executed',
    scenario: 'copy-after-base',
    without: { 'copy-for-follower': 'false' },
    lacks: 'S2>S3  checkpoint at 3',
  },
  {
    rule: 'code: a method that the primary does not have has no execution',
    scenario: 'unknown-method',
    without: { 'unknown-unordered': 'true' },
    shows: 'S1  processes 1: m1',
  },
];
