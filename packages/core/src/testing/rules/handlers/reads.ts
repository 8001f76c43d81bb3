import type { Rule } from '../rule.js';

/** Reads that backups answer. */
export const BACKUP_READ_RULES: readonly Rule[] = [
  {
    rule: 'reads from backups: a backup answers once it has processed what the session has heard of',
    scenario: 'backup-read',
    without: { 'reads-own-writes': 'false' },
    lacks: 'C1  delivered how-many -> m1',
  },
  {
    rule: 'reads from backups: an answer reflects only what is stable',
    scenario: 'backup-read-stable',
    without: { 'stable-reads': 'false' },
    shows: 'S2>C2  reads m1 of 1',
  },
  {
    rule: 'reads from backups: a backup that does not hear the primary answers nothing',
    scenario: 'backup-read-stale',
    without: { 'fresh-reads': 'true' },
    lacks: 'C1>S1  reads how-many',
  },
  {
    rule: 'reads from backups: what a backup cannot answer in time is left to the primary',
    scenario: 'backup-read-late',
    without: { 'late-reads-elsewhere': 'true' },
    lacks: 'C1>S1  reads how-many',
  },
];
