import { BODY_RULES } from './bodies.js';
import { CALL_RULES } from './calls.js';
import { DEATH_RULES } from './deaths.js';
import { DIGEST_RULES } from './digests.js';
import { NESTED_RULES, NESTED_STREAM_RULES } from './handlers/nested.js';
import { BACKUP_READ_RULES } from './handlers/reads.js';
import { TIMER_RULES } from './handlers/timers.js';
import { WAITING_RULES } from './handlers/waiting.js';
import { IDENTITY_RULES } from './identity.js';
import { LIVENESS_RULES } from './liveness.js';
import { PROMOTION_RULES } from './promotion.js';
import { RELEASE_RULES } from './release.js';
import { REPLICA_RULES } from './replicas.js';
import type { Rule } from './rule.js';
import { SETTINGS_RULES } from './settings.js';
import { STREAM_RULES } from './streams.js';
import { UPGRADE_RULES } from './upgrades.js';
import { VOIDING_RULES } from './voiding.js';

export type { Rule } from './rule.js';

/** Every rule that has a scenario of its own. */
export const RULES: readonly Rule[] = [
  ...RELEASE_RULES,
  ...PROMOTION_RULES,
  ...VOIDING_RULES,
  ...STREAM_RULES,
  ...NESTED_RULES,
  ...NESTED_STREAM_RULES,
  ...LIVENESS_RULES,
  ...BACKUP_READ_RULES,
  ...TIMER_RULES,
  ...WAITING_RULES,
  ...REPLICA_RULES,
  ...DIGEST_RULES,
  ...IDENTITY_RULES,
  ...BODY_RULES,
  ...DEATH_RULES,
  ...SETTINGS_RULES,
  ...CALL_RULES,
  ...UPGRADE_RULES,
];
