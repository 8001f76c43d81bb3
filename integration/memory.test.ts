import { describe, expect, it } from 'vitest';
import type { Child } from '../packages/workshop/dist/demo/stage/children.js';
import type { Memory } from '../packages/workshop/dist/hosting/memory.js';
import type {
  EndlessCommand,
  EndlessJob,
  EndlessMessage,
  EndlessReport,
} from '../packages/workshop/dist/soak/endless-messages.js';
import { type Group, MODE, withGroup } from './group.js';

const IN_FLIGHT = 64;
/**
 * The load has a warm-up, in which code is compiled and every bound is reached, and then the samples to compare. They are
 * so many calls apart, however long a busy machine takes for them.
 */
const WARM_UP_CALLS = 20_000;
const SAMPLES = 9;
const SAMPLE_EVERY_CALLS = 4_000;
/**
 * Growth from the middle third of the samples to the last third that counts as none. What lives varies little, so 300
 * bytes kept for each call show there.
 */
const SLACK = {
  liveBytes: { share: 0.05, bytes: 2.5 * 1024 * 1024 },
  rssBytes: { share: 0.15, bytes: 10 * 1024 * 1024 },
};
/** The bounds in the service config, with an allowance for calls in flight beyond them. */
const UNSTABLE_MAX = 4_096;
/** A long lease, so that a busy machine causes no failover. */
const LEASE_MS = 3_000;
const LOG_MAX = 65_536 + 2 * UNSTABLE_MAX;

interface Sample {
  readonly calls: number;
  readonly failure: string | undefined;
  readonly logLength: number;
  readonly waitingToRelease: number;
  readonly memory: Readonly<Record<'primary' | 'backup' | 'client', Memory>>;
}

describe.each([{ replication: 'semi-active' }, { replication: 'passive' }] as const)(
  '$replication',
  ({ replication }) => {
    it('uses no more memory over time while a backup and a client are dead, and the backup returns', () =>
      withGroup({ mode: { ...MODE, replication, leaseMs: LEASE_MS }, execArgv: ['--expose-gc'] }, async (group) => {
        const { replicas } = group;
        const client = await startClient(group, 'client', ['--expose-gc']);
        const silent = await startClient(group, 'silent client');
        const [stopped = '', backup = ''] = replicas.inSyncBackups;
        const primary = replicas.primary?.replica.id ?? '';
        silent.suspend();
        replicas.childOf(stopped).suspend();
        await replicas.until(() => replicas.primary?.inSync.length === 2);

        const samples: Sample[] = [];
        for (let i = 0; i < SAMPLES; i++) {
          samples.push(await sampleOf(group, client, WARM_UP_CALLS + i * SAMPLE_EVERY_CALLS, primary, backup));
        }

        for (const who of ['primary', 'backup', 'client'] as const)
          for (const what of ['liveBytes', 'rssBytes'] as const) {
            const values = samples.map(({ memory }) => memory[who][what]);
            const [before, after] = [median(third(values, 1)), median(third(values, 2))];
            console.log(`${replication} ${who} ${what}: ${values.map(megabytes).join(' ')} MB`);
            const { share, bytes } = SLACK[what];
            expect(after, `${what} of the ${who}`).toBeLessThan(before * (1 + share) + bytes);
          }
        const [first, last] = [samples[0], samples.at(-1)];
        const calls = (last?.calls ?? 0) - (first?.calls ?? 0);
        console.log(`${replication}: ${calls} calls between the first sample and the last`);
        // So many calls that even a few bytes kept for each would show.
        expect(calls).toBeGreaterThan(10_000);
        expect(samples.map(({ failure }) => failure).filter(Boolean)).toEqual([]);
        for (const { logLength, waitingToRelease } of samples) {
          expect(logLength).toBeLessThanOrEqual(LOG_MAX);
          expect(waitingToRelease).toBeLessThanOrEqual(UNSTABLE_MAX);
        }

        replicas.childOf(stopped).resume();
        await replicas.until(() => replicas.primary?.inSync.length === 3 && replicas.whole);
        const reachedBefore = (await replicas.report(primary)).status.heldUpTo;
        // A replica in sync holds all orders, so it keeps up from here on.
        while ((await replicas.report(stopped)).status.heldUpTo < reachedBefore);
      }));
  },
);

async function startClient(
  group: Group,
  name: string,
  execArgv: readonly string[] = [],
): Promise<Child<EndlessMessage>> {
  const { stage, replicas, mode } = group;
  const job: EndlessJob = { target: replicas.target, mode, inFlight: IN_FLIGHT };
  const child = stage.children.start<EndlessMessage>(name, 'soak/endless.js', [JSON.stringify(job)], execArgv);
  await stage.until(child.next('begun'));
  return child;
}

/** Takes a sample as soon as the client has made so many calls. */
async function sampleOf(
  { stage, replicas }: Group,
  client: Child<EndlessMessage>,
  calls: number,
  primary: string,
  backup: string,
): Promise<Sample> {
  const answer = client.next('report');
  client.tell({ kind: 'report', calls } satisfies EndlessCommand);
  const report: EndlessReport = await stage.until(answer);
  const [ofPrimary, ofBackup] = [await replicas.report(primary), await replicas.report(backup)];
  const { logLength, waitingToRelease } = ofPrimary.status;
  const memory = { primary: ofPrimary.memory, backup: ofBackup.memory, client: report.memory };
  return { calls: report.calls, failure: report.failure, logLength, waitingToRelease, memory };
}

const third = (values: readonly number[], index: number): readonly number[] =>
  values.slice((values.length / 3) * index, (values.length / 3) * (index + 1));

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const megabytes = (bytes: number): string => (bytes / (1024 * 1024)).toFixed(0);
