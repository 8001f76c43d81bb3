import { READS } from '../../plan/plan.js';
import { demand } from '../../violation.js';
import type { Drill } from '../drill.js';
import { undisturbed } from '../undisturbed.js';

/**
 * A session that hears nothing of a backup may deliver only stable replies. It asks for one while that backup's
 * acknowledgment is on its way. When that arrives the session gets its reply, though it still does not reach the
 * backup.
 */
export const askedWhileUnstable: Drill = {
  name: 'askedWhileUnstable',
  // The drill checks that the reply waits for nothing but the acknowledgment.
  needs: (plan, choices) => ({
    ...undisturbed(plan),
    servers: choices.pick([2, 3]),
    config: {
      ...plan.config,
      release: 'concurrent',
      methods: READS,
      sessionMs: 6000,
      sessionExpiryMs: 60_000,
      nullMessageMs: 20,
      stallMs: 60_000,
    },
  }),
  play: (stage) => {
    const { choices, client, leaseMs } = stage;
    if (!stage.settle() || !stage.settle()) return;
    const { primary } = stage;
    const backup = primary === undefined ? undefined : choices.maybe(stage.othersThan(primary));
    if (primary === undefined || backup === undefined) return;
    stage.breakSession(client, backup);
    if (!stage.until(() => client.links[backup.index] === undefined, leaseMs)) return;
    stage.cut(client, backup);
    stage.delay(backup, primary, choices.between(0.2, 0.8) * leaseMs);
    const operation = stage.call(client);
    if (choices.chance(0.5)) {
      // The client has asked on this link, and must ask again on the next.
      stage.quietly(0.15 * leaseMs);
      stage.breakSession(client, primary);
    }
    stage.quietly(2 * leaseMs, () => operation?.state === 'answered');
    const isCalm = primary.status?.role === 'primary' && client.alive;
    demand(
      !isCalm || operation === undefined || operation.state !== 'open',
      () => `${operation?.name} is stable, and ${client.name} does not get its reply`,
    );
    stage.heal();
  },
};
