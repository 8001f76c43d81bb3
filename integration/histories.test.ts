import { describe, expect, it } from 'vitest';
import { KINDS } from '../packages/workshop/dist/load/connect.js';
import { MODE, withGroup } from './group.js';
import { LoadProcess } from './history/load.js';

const SEED = 4_711;

describe('the history that callers saw of a bank whose primary was killed is that of a single bank', () => {
  it.each(KINDS)('with clients of kind %s', (client) =>
    withGroup({}, async ({ replicas, mode }) => {
      const load = new LoadProcess({ target: replicas.target, mode, client, callers: 8, seed: SEED });
      try {
        const { recording } = load;
        await recording.until(() => recording.begun);
        await recording.answeredMore(500);
        await replicas.killPrimary(() => false);
        await replicas.until(() => replicas.primary !== undefined);
        await recording.answeredMore(500);
        const { violations, answered, unknown, none } = await load.finish();
        console.log(`${client}: ${answered} answered, ${unknown} unknown, ${none} without effect (seed ${SEED})`);
        expect(violations).toEqual([]);
        if (client === 'interceptor') expect(unknown + none).toBe(0);
      } finally {
        load.kill();
      }
    }),
  );

  it('where backups replay and clients reflect the order', () =>
    withGroup(
      { mode: { ...MODE, replication: 'passive', multicast: 'destination', release: 'acknowledged' } },
      async (group) => {
        const { replicas, mode } = group;
        const load = new LoadProcess({ target: replicas.target, mode, client: 'interceptor', callers: 8, seed: SEED });
        try {
          const { recording } = load;
          await recording.answeredMore(300);
          await replicas.killPrimary(() => false);
          await recording.answeredMore(300);
          expect((await load.finish()).violations).toEqual([]);
        } finally {
          load.kill();
        }
      },
    ));
});
