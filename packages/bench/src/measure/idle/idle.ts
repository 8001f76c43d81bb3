/** Measures a group that has nothing to do: the cost of its sessions and of its heartbeats. */
import type { Child } from '../../ipc/child.js';
import { monotonicMs } from '../../ipc/clock.js';
import type { ProcessCommands, ProxyCommands, Usage } from '../../ipc/commands.js';
import type { Stage } from '../../processes/stage.js';
import type { Mode } from '../../service/service-config.js';
import { attempt, type Finding } from '../attempts.js';
import type { Counted } from '../in-rounds.js';
import type { Bench } from '../settings.js';
import { connect, isWhole, openGroup, type Site, type SiteOptions } from '../site.js';
import { coresBetween } from '../stretch.js';
import { type Flows, flowsOf, perUnit } from '../wire.js';
import { loopbackPackets } from './loopback.js';

/**
 * Leaves room for the most sessions that are measured: an address may have three quarters of all, a connection half.
 */
const SESSIONS_MAX_TIMES = 3;
const SESSIONS_MAX_LEAST = 1_024;
/** How many sessions one process holds, whose clocks tick more often than replicas hear of them. */
const SESSIONS_A_PROCESS = 250;
/** On any machine the sessions of a process are open after this time, unless something is wrong. */
const PATIENCE_MS = 600_000;
/** How many warm-ups pass until the code of heartbeats is compiled and the traces of opening the sessions are gone. */
const SETTLE_WARM_UPS = 2.5;

export interface Idle {
  /** Cores kept busy, in percent of one. */
  readonly primaryPercent: number;
  readonly backupPercents: readonly number[];
  /** All processes of clients together. */
  readonly clientsPercent: number;
  /**
   * Packets through the loopback interface, including those of other programs and of liveness threads. Undefined if
   * unknown.
   */
  readonly packetsPerSecond: number | undefined;
  /** Traffic a second, counted in another group whose links lead through a proxy. */
  readonly flows: Flows;
  /** What `disturbed` is for the rest, for that other group. See `Attempted`. */
  readonly flowsDisturbed: number;
}

export interface IdleOf {
  readonly sessions: number;
  readonly turns: readonly Counted<Idle>[];
}

/**
 * Measures idle groups with several numbers of sessions.
 *
 * @param onResults called after each group with all results so far
 */
export async function measureIdle(bench: Bench, onResults: (results: readonly IdleOf[]) => void): Promise<void> {
  const { rounds, idleSessions } = bench.settings;
  const results = idleSessions.map((sessions) => ({ sessions, turns: [] as Counted<Idle>[] }));
  for (let round = 1; round <= rounds; round++)
    for (const { sessions, turns } of results) {
      bench.progress(`round ${round} of ${rounds} of idle groups: ${sessions} sessions`);
      const cost = await attempt(bench, (stage) => measureCost(stage, bench, sessions));
      const flows = await attempt(bench, (stage) => countFlows(stage, bench, sessions));
      turns.push({
        ...{ ...cost.result, flows: flows.result },
        ...{ disturbed: cost.disturbed, flowsDisturbed: flows.disturbed },
      });
      onResults(results.filter((row) => row.turns.length > 0));
    }
}

async function measureCost(
  stage: Stage,
  bench: Bench,
  sessions: number,
): Promise<Finding<Omit<Idle, 'flows' | 'flowsDisturbed'>>> {
  const { site, clients } = await openIdle(stage, bench, sessions, { replicas: bench.settings.replicas });
  const all = [site.primary, ...site.backups, ...clients];
  const look = async () => {
    const usages = await stage.until('all answer', Promise.all(all.map((child): Promise<Usage> => child.ask('usage'))));
    return { usages, atMs: monotonicMs(), packets: loopbackPackets() };
  };
  const before = await look();
  await stage.pass(bench.settings.seconds);
  const after = await look();
  const percents = all.map((_child, i) => 100 * coresBetween(before.usages[i], after.usages[i]));
  const { packets: from } = before;
  const { packets: to } = after;
  const result = {
    primaryPercent: percents[0] ?? 0,
    backupPercents: percents.slice(1, 1 + site.backups.length),
    clientsPercent: percents.slice(1 + site.backups.length).reduce((sum, each) => sum + each, 0),
    packetsPerSecond:
      from === undefined || to === undefined ? undefined : ((to - from) * 1_000) / (after.atMs - before.atMs),
  };
  return { result, whole: await isWhole(site) };
}

async function countFlows(stage: Stage, bench: Bench, sessions: number): Promise<Finding<Flows>> {
  const proxy = stage.start<ProxyCommands>('proxy', 'proxy', []);
  const { site } = await openIdle(stage, bench, sessions, { replicas: bench.settings.replicas, proxy });
  const look = async () => ({ flows: flowsOf(site, await proxy.ask('traffic')), atMs: monotonicMs() });
  const before = await look();
  await stage.pass(bench.settings.seconds);
  const after = await look();
  const result = perUnit(before.flows, after.flows, (after.atMs - before.atMs) / 1_000);
  return { result, whole: await isWhole(site) };
}

async function openIdle(
  stage: Stage,
  { settings }: Bench,
  sessions: number,
  options: SiteOptions,
): Promise<{ readonly site: Site; readonly clients: readonly Child<ProcessCommands>[] }> {
  const mode: Mode = {
    ...settings.mode,
    ...{ carrier: 'stream', release: 'concurrent' },
    sessionsMax: Math.max(SESSIONS_MAX_LEAST, SESSIONS_MAX_TIMES * sessions),
  };
  // A client that makes no call opens no session.
  const clients = Math.max(1, Math.min(sessions, SESSIONS_A_PROCESS));
  const site = await openGroup(stage, mode, { ...options, clients });
  const drivers = [site.driver];
  for (let left = sessions - SESSIONS_A_PROCESS; left > 0; left -= SESSIONS_A_PROCESS)
    drivers.push(await connect(stage, site.group.target, mode, Math.min(left, SESSIONS_A_PROCESS)));
  if (sessions > 0)
    for (const driver of drivers) await stage.until('the sessions are open', driver.ask('openSessions'), PATIENCE_MS);
  await stage.pass(SETTLE_WARM_UPS * settings.warmUpSeconds);
  return { site, clients: drivers as unknown as readonly Child<ProcessCommands>[] };
}
