import type { Drill } from './drill.js';

/** A deposed primary that does not know it yet, with readers that hear of nobody else, while others write elsewhere. */
export const isolatedReaders: Drill = {
  name: 'isolatedReaders',
  needs: (plan, choices) => ({
    ...plan,
    servers: 3,
    clients: Math.max(2, plan.clients),
    readRate: 0.6,
    config: { ...plan.config, sessionMs: choices.pick([900, 3000]), sessionExpiryMs: 60_000 },
  }),
  play: (stage) => {
    const { simulation, primary, leaseMs } = stage;
    if (primary === undefined) return;
    const [reader, ...writers] = simulation.clients;
    for (const other of stage.othersThan(primary)) {
      stage.cut(primary, other);
      if (reader !== undefined) stage.cut(reader, other);
    }
    for (const writer of writers) stage.cut(writer, primary);
    primary.withoutCoordinatorUntilMs = simulation.nowMs + 4 * leaseMs;
    stage.pass(stage.choices.between(1, 4) * leaseMs);
    stage.heal();
  },
};
