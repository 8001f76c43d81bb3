/** A stretch of steady load: warm-up and measurement. */
import { BenchFailure } from '../ipc/child.js';
import { monotonicMs } from '../ipc/clock.js';
import type { Mark, Usage } from '../ipc/commands.js';
import type { Stage } from '../processes/stage.js';
import { machineCpuMs } from './machine-time.js';
import type { Site } from './site.js';

/** The hot path is compiled after this many calls. A slow variant needs more time for them. */
const WARM_CALLS = 10_000;
/** The warm-up takes at most this many times as long as was asked for. */
const WARM_UP_MAX = 5;

/** Puts a site under full load until it is warm. The load goes on afterwards. */
export async function warmUp(stage: Stage, site: Site, inFlight: number, seconds: number): Promise<void> {
  await site.driver.ask('load', inFlight);
  await untilWarm(stage, site, seconds, WARM_CALLS);
}

/**
 * Waits until a site that is under load is warm.
 *
 * @param warmCalls after how many calls, or messages of streams, the site is warm
 */
export async function untilWarm(stage: Stage, { driver }: Site, seconds: number, warmCalls: number): Promise<void> {
  await stage.pass(seconds);
  const { calls } = await stage.until('the driver answers', driver.ask('mark'));
  const missing = Math.max(0, warmCalls - calls) / Math.max(1, calls);
  await stage.pass(seconds * Math.min(missing, WARM_UP_MAX - 1));
}

/** The measurements of a stretch of steady load. */
export interface Stretch {
  readonly callsPerSecond: number;
  readonly latencies: Mark['latencies'];
  /** CPU microseconds for each call. */
  readonly clientCpuUs: number;
  readonly primaryCpuUs: number;
  /** All backups together. */
  readonly backupsCpuUs: number;
  /** How many cores other processes kept busy. */
  readonly otherCores: number;
}

/** A stretch in which calls may have failed. */
export interface Observed extends Stretch {
  readonly failures: number;
  /** The message of the first failure, from gRPC. */
  readonly failure: string | undefined;
}

/** Measures a site that is under load, and fails when a call fails. */
export async function watch(stage: Stage, site: Site, seconds: number): Promise<Stretch> {
  const { failures, failure, ...stretch } = await observe(stage, site, seconds);
  if (failures > 0) throw new BenchFailure(`${failures} calls failed: ${failure}`);
  return stretch;
}

/** Measures a site that is under load. */
export async function observe(stage: Stage, { driver, primary, backups }: Site, seconds: number): Promise<Observed> {
  const processes = [primary, ...backups];
  const usages = (): Promise<Usage[]> => Promise.all(processes.map((child) => child.ask('usage')));
  const machineBefore = { atMs: monotonicMs(), cpuMs: machineCpuMs() };
  const [before, begin] = await stage.until('all answer', Promise.all([usages(), driver.ask('mark')]));
  await stage.pass(seconds);
  const [after, end] = await stage.until('all answer', Promise.all([usages(), driver.ask('mark')]));
  const machineAfter = { atMs: monotonicMs(), cpuMs: machineCpuMs() };
  const callsPerSecond = (end.calls * 1_000) / (end.atMs - begin.atMs);
  // The processes answer at different moments, so each is measured between its own two answers.
  const clientCores = coresBetween(begin, end);
  const [primaryCores = 0, ...eachBackupCores] = processes.map((_child, index) =>
    coresBetween(before[index], after[index]),
  );
  const allCores = coresBetween(machineBefore, machineAfter);
  const backupCores = sum(eachBackupCores);
  const cpuUs = (cores: number): number => (cores * 1_000_000) / callsPerSecond;
  return {
    callsPerSecond,
    latencies: end.latencies,
    clientCpuUs: cpuUs(clientCores),
    primaryCpuUs: cpuUs(primaryCores),
    backupsCpuUs: cpuUs(backupCores),
    otherCores: Math.max(0, allCores - clientCores - primaryCores - backupCores),
    failures: end.failures,
    failure: end.failure,
  };
}

export const coresBetween = (from: Usage | undefined, to: Usage | undefined): number =>
  from === undefined || to === undefined ? 0 : (to.cpuMs - from.cpuMs) / (to.atMs - from.atMs);

export const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
