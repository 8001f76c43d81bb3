import { demand } from '../../violation.js';
import type { Drill } from '../drill.js';

/**
 * A session that hears nothing of a backup may deliver only what is stable, and asks for it while that backup's word is on
 * its way. When the word is there it gets its reply, though the two still do not reach each other.
 */
export const askedWhileUnstable: Drill = {
  name: 'askedWhileUnstable',
  // What is checked is that nothing but the word is waited for.
  needs: (plan, choices) => ({
    ...plan,
    faults: [],
    stuck: false,
    admits: false,
    handlerMs: 0,
    servers: choices.pick([2, 3]),
    config: {
      ...plan.config,
      release: 'concurrent',
      methods: [],
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
      // It has asked, and has to ask again.
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
