import { describe, expect, it } from 'vitest';
import { LONG_LEASE_MS } from '../group.js';
import { ContainerStage, STEADY_MODE } from './stage.js';
import { StatefulSet } from './stateful-set.js';

const leaseMs = (ms: number): string[] => ['--lease-ms', `${ms}`];

/** With a long lease, no busy machine makes a replica take another for dead; a hand-over waits for no lease. */
const MODE = { ...STEADY_MODE, leaseMs: LONG_LEASE_MS };
const NEXT_LEASE_MS = LONG_LEASE_MS / 2;
const CLIENTS = ['interceptor', 'interceptor'] as const;

describe('the StatefulSet of docker/kubernetes, each pod a container', () => {
  const stage = new ContainerStage();

  it('is updated, drained and scaled under load, and no call fails', async () => {
    const took: string[] = [];
    const timed = async (what: string, act: () => Promise<void>): Promise<void> => {
      const startedAt = performance.now();
      await act();
      took.push(`${what} ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    };
    const { answered, unknown, none } = await stage.playWith(
      (network, etcd) => StatefulSet.start(network, etcd, leaseMs(MODE.leaseMs)),
      { mode: MODE, clients: CLIENTS },
      async ({ bank: set, load }) => {
        const before = set.record.addresses;
        await timed('update', () => set.rollOut(leaseMs(NEXT_LEASE_MS)));
        // The new template is in force, and no pod is where one was before.
        expect(set.record.settings).toContain(`"leaseMs":${NEXT_LEASE_MS}`);
        for (const [name, address] of Object.entries(set.record.addresses)) expect(address).not.toBe(before[name]);

        const primary = set.record.primary.id;
        const [other = ''] = set.names.filter((name) => name !== primary);
        await timed('drain', () => set.drain(primary, other));
        expect(set.record.primary.id).not.toBe(primary);
        expect(set.refused).toBeGreaterThan(0);

        await timed('scale-up', () => set.scale(4));
        expect(set.record.inSync.map(({ id }) => id as string).sort()).toEqual(set.names);
        await load.recording.answeredMore(100);
        await timed('scale-down', () => set.scale(3));
        await set.until(({ inSync }) => inSync.length === 3);

        expect(await set.areLive()).toBe(true);
        // One at a time, and another one only when the one before was in sync again.
        expect({ ready: set.leastReady, inSync: set.leastInSync }).toEqual({ ready: 2, inSync: 2 });
      },
    );
    console.log(`${took.join(', ')}; ${answered} calls answered, ${unknown + none} failed`);
    expect(unknown + none).toBe(0);
  });
});
