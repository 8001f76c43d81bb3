import { READS } from '../../plan/plan.js';
import type { Drill } from '../drill.js';
import { twoClients, withTwoClients } from './two-clients.js';

/**
 * A client tells a successor what it holds, and then calls. The old primary, which does not know of the successor,
 * gives the call an order. The successor hears of that order from another client before it has the call.
 */
export const sentAfterItsWord: Drill = {
  name: 'sentAfterItsWord',
  needs: (plan) => ({
    ...withTwoClients(plan),
    servers: 2,
    config: {
      ...plan.config,
      multicast: 'destination',
      release: 'acknowledged',
      carrier: 'stream',
      methods: READS,
      batchMs: 0,
      nullMessageMs: 5000,
      sessionMs: 20 * plan.config.leaseMs,
      sessionExpiryMs: 60_000,
    },
  }),
  play: (stage) => {
    const { world, choices, leaseMs } = stage;
    const cast = twoClients(stage);
    if (cast === undefined) return;
    const { primary, author, other } = cast;
    const [backup] = stage.othersThan(primary);
    if (backup === undefined) return;
    stage.cut(primary, backup);
    primary.withoutCoordinatorUntilMs = world.nowMs + 20 * leaseMs;
    stage.holdRequests(author, backup, 20 * leaseMs);
    stage.holdReplies(backup, other, 20 * leaseMs);
    if (stage.successor(3 * leaseMs) !== backup) return;
    // The client has been asked, and its answer is on its way.
    stage.quietly(choices.between(5, 30));
    if (!stage.processed(primary, stage.call(author, false), leaseMs)) return;
    if (!stage.processed(primary, stage.call(other, false), leaseMs)) return;
    stage.quietly(choices.between(5, 30));
    stage.holdReplies(backup, other, 0);
    stage.quietly(choices.between(5, 30));
    const link = author.links[backup.index];
    if (link !== undefined) stage.letThrough(link.toServer, choices.between(1, 4));
    stage.quietly(choices.between(1, 60));
    primary.withoutCoordinatorUntilMs = 0;
    stage.holdRequests(author, backup, 0);
    stage.heal();
  },
};
