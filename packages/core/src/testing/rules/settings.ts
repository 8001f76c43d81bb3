import type { Rule } from './rule.js';

/** What the group decides, and not its clients. */
export const SETTINGS_RULES: readonly Rule[] = [
  {
    rule: 'settings: a call that a client sends as a read is processed as one only if it is one in the group',
    scenario: 'misread',
    without: { 'reads-by-settings': 'false' },
    shows: 'S1  processes a read: m1',
  },
  {
    rule: 'settings: a client that was given other settings follows those of the group',
    scenario: 'settings-of-group',
    without: { 'follow-settings': 'false' },
    shows: 'C1>S1  reads m1',
  },
];
