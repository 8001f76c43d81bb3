import type { Drill } from '../drill.js';

/**
 * The primary dies with an order that it told no backup of, and only the session has the body. All sessions live, and
 * have only to be asked.
 */
export const toldByClients: Drill = {
  name: 'toldByClients',
  needs: (plan, choices) => ({
    ...plan,
    servers: choices.pick([2, 2, 3]),
    clients: Math.max(2, plan.clients),
    handlerMs: Math.min(20, plan.handlerMs),
    config: { ...plan.config, sessionMs: choices.pick([900, 3000, 3000]), sessionExpiryMs: 60_000 },
  }),
  play: (stage) => {
    const { world, choices, primary, leaseMs } = stage;
    if (primary === undefined) return;
    const [author, witness] = world.clients;
    if (author === undefined || witness === undefined) return;
    const backups = stage.othersThan(primary);
    if (choices.chance(0.5)) stage.beginsAnew(author);
    for (const backup of backups) {
      stage.cut(author, backup, choices.pick(['both', 'there']));
      stage.breakSession(author, backup);
    }
    // By then the primary knows which replicas answer for the session, or does not know it yet.
    stage.quietly(leaseMs, () => author.core?.status.primary === primary.index && choices.chance(0.3));
    for (const backup of backups) stage.cut(primary, backup, 'there');
    const told = stage.call(author, false);
    if (choices.chance(0.5)) stage.answered(told, leaseMs / 3);
    else stage.processed(primary, told, leaseMs / 3);
    if (choices.chance(0.7)) stage.answered(stage.call(witness, choices.chance(0.5)), leaseMs / 3);
    primary.crash();
    if (choices.chance(0.7)) stage.quietly(choices.between(0, 2) * leaseMs);
    stage.heal();
    if (choices.chance(0.4)) return;
    // The session's link breaks when the successor has asked it. What the session retains is still there.
    stage.until(() => backups.some(({ status }) => status?.role === 'promoting'), 2 * leaseMs);
    for (let i = choices.below(8); i > 0; i--) {
      stage.until(() => choices.chance(0.3));
      for (const backup of backups) stage.breakSession(author, backup);
    }
  },
};
