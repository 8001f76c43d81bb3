import { READS } from '../../plan/plan.js';
import { demand } from '../../violation.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/** A backup is told to stop while nothing else goes wrong. No call may wait until the backup is taken for dead. */
export const leaves: Drill = {
  name: 'leaves',
  needs: (plan) => ({
    ...undisturbed(plan),
    plainRate: 0,
    config: { ...plan.config, release: 'acknowledged', methods: READS },
  }),
  play: (stage) => {
    const { choices, primary, client, leaseMs } = stage;
    if (primary === undefined || !stage.quietly(2 * leaseMs, () => stage.isWhole)) return;
    stage.quietly(leaseMs);
    const backup = choices.maybe(stage.othersThan(primary));
    if (backup === undefined || !stage.isWhole || primary.status?.role !== 'primary') return;
    backup.stepDown();
    if (!stage.quietly(choices.between(0.2, 0.4) * leaseMs, () => !backup.alive)) return;
    const operation = stage.call(client, false);
    const answered = () => operation === undefined || operation.state === 'answered';
    const inTime = stage.quietly(leaseMs / 2, answered);
    demand(inTime, () => `${operation?.name} waits for ${backup.name}, which left in good order`);
  },
};
