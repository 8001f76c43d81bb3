import { demand } from '../../violation.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/** A replica comes back and has its checkpoint, and the primary's heartbeats are late. No call may wait for them. */
export const entersUnheard: Drill = {
  name: 'entersUnheard',
  needs: (plan) => ({
    ...undisturbed(plan),
    clients: Math.max(2, plan.clients),
    plainRate: 0,
  }),
  play: (stage) => {
    const { choices, primary, client, leaseMs } = stage;
    if (primary === undefined || !stage.quietly(2 * leaseMs, () => stage.isWhole)) return;
    const backup = choices.maybe(stage.othersThan(primary));
    if (backup === undefined || primary.status?.role !== 'primary') return;
    if (!stage.answered(stage.call(client, false), leaseMs)) return;
    backup.crash();
    // The replica is removed, and everything is stable without it.
    stage.quietly(2 * leaseMs);
    backup.start();
    if (!stage.until(() => (backup.status?.heldUpTo ?? 0) > 0, 2 * leaseMs)) return;
    stage.hold(primary, backup, leaseMs / 2);
    stage.quietly(choices.between(5, 20));
    if (primary.status?.role !== 'primary') return;
    const operation = stage.call(client, false);
    const answered = () => operation === undefined || operation.state === 'answered';
    const inTime = stage.quietly(leaseMs / 3, answered);
    demand(inTime, () => `${operation?.name} waits for ${backup.name}, which is only on its way into the set`);
  },
};
