/** How long a passive group takes to replay its log, and what the log costs in memory. */
import { BenchFailure } from '../ipc/child.js';
import type { Memory } from '../ipc/commands.js';
import type { Stage } from '../processes/stage.js';
import type { Mode } from '../service/service-config.js';
import { attempt, type Finding } from './attempts.js';
import { type Failover, failOver } from './failover.js';
import type { Bench } from './settings.js';
import { openGroup } from './site.js';

/** The largest value that a service config allows, so that no checkpoint shortens the log. */
const CHECKPOINT_NEVER = 1_000_000;
const SETTLE_SECONDS = 0.3;

export interface Recovery extends Failover {
  /** Entries in the log of a backup when its memory was measured, shortly before the crash. */
  readonly logLength: number;
  readonly backup: Memory;
  readonly primary: Memory;
}

export interface CountedRecovery extends Recovery {
  /** See `Attempted`. */
  readonly disturbed: number;
}

export interface RecoveryAt {
  /** Calls made before the crash. */
  readonly calls: number;
  readonly recoveries: readonly CountedRecovery[];
}

/** Measures how a passive group recovers when its primary crashes, by the length of the log. */
export async function measureRecoveries(bench: Bench): Promise<readonly RecoveryAt[]> {
  const { logLengths, recoveries, mode } = bench.settings;
  const passive: Mode = {
    ...mode,
    replication: 'passive',
    carrier: 'stream',
    release: 'concurrent',
    checkpointEvery: CHECKPOINT_NEVER,
  };
  const results = logLengths.map((calls) => ({ calls, recoveries: [] as CountedRecovery[] }));
  for (let count = 1; count <= recoveries; count++)
    for (const { calls, recoveries: found } of results) {
      bench.progress(`recovery ${count} of ${recoveries}: after ${calls} calls`);
      const { result, disturbed } = await attempt(bench, (stage) => recover(stage, bench, passive, calls));
      found.push({ ...result, disturbed });
    }
  return results;
}

async function recover(stage: Stage, { settings }: Bench, mode: Mode, calls: number): Promise<Finding<Recovery>> {
  const site = await openGroup(stage, mode, { replicas: settings.replicas, execArgv: ['--expose-gc'] });
  const driven = await stage.until(`${calls} calls`, site.driver.ask('drive', calls, settings.inFlight));
  if (driven.failures > 0) throw new BenchFailure(`${driven.failures} calls failed: ${driven.failure}`);
  const before = await lookAt(stage, site);
  const { result, whole } = await failOver(stage, site, 'crash', SETTLE_SECONDS);
  return { result: { ...result, ...before }, whole };
}

async function lookAt(stage: Stage, { group }: Awaited<ReturnType<typeof openGroup>>) {
  const [backup] = group.backups;
  if (backup === undefined) throw new BenchFailure('the group has no backup');
  const { primary } = group;
  const look = Promise.all([backup.ask('status'), backup.ask('memory'), primary.child.ask('memory')]);
  const [{ logLength }, ofBackup, ofPrimary] = await stage.until('the replicas answer', look);
  return { logLength, backup: ofBackup, primary: ofPrimary };
}
