import { describe, expect, it } from 'vitest';
import { LoadClient } from '../packages/workshop/dist/soak/load-client.js';
import { proveLoad } from '../packages/workshop/dist/soak/proof.js';
import { type Group, LONG_LEASE_MS, MODE, withGroup } from './group.js';

const SEED = 20_260;
const OPERATIONS = 4_000;
/** Number of replies after which the first replica is told to end. */
const FIRST_AFTER = 1_000;

/** Ends a replica with SIGTERM, as an operator does, and waits until it is gone and a primary serves. */
async function terminate({ stage, replicas }: Group, id: string): Promise<string> {
  const child = replicas.childOf(id);
  child.terminate();
  const how = await stage.until(child.exited);
  await replicas.until(() => replicas.replaceablePrimary !== undefined);
  return how;
}

function load({ stage, replicas, mode }: Group): LoadClient {
  const job = { target: replicas.target, mode, seed: SEED, inFlight: 64, operations: OPERATIONS, marks: [FIRST_AFTER] };
  return new LoadClient(stage, job);
}

describe('SIGTERM under load', () => {
  it.each([{ carrier: 'stream' }, { carrier: 'rpc' }] as const)(
    'hands over unnoticed by the client: $carrier',
    ({ carrier }) =>
      withGroup({ mode: { ...MODE, carrier, leaseMs: LONG_LEASE_MS } }, async (group) => {
        const { stage, replicas } = group;
        const client = load(group);
        await client.answered(FIRST_AFTER);
        const before = replicas.primary;
        expect(await terminate(group, before?.replica.id ?? '')).toBe('exit status 0');
        expect(replicas.primary?.term).toBe((before?.term ?? 0) + 1);
        const { violations, longestGapMs } = await proveLoad(stage, replicas, client, SEED, false);
        console.log(`hand-over, ${carrier}: no reply for ${longestGapMs.toFixed(0)} ms (seed ${SEED})`);
        expect(violations).toEqual([]);
      }),
  );

  it('restarts all three replicas one after the other without losing a call', () =>
    withGroup({ mode: { ...MODE, leaseMs: LONG_LEASE_MS } }, async (group) => {
      const { stage, replicas } = group;
      const client = load(group);
      await client.answered(FIRST_AFTER);
      for (const id of replicas.ids) {
        expect(await terminate(group, id)).toBe('exit status 0');
        replicas.startReplica(id);
        await replicas.until(() => replicas.whole);
      }
      const { violations, operations, longestGapMs } = await proveLoad(stage, replicas, client, SEED, false);
      console.log(
        `rolling restart: ${operations} operations, no reply for ${longestGapMs.toFixed(0)} ms (seed ${SEED})`,
      );
      expect(violations).toEqual([]);
    }));
});
