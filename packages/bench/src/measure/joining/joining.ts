/** Measures how calls fare while a replica joins that needs a copy of the whole state. */
import { BenchFailure, type Child } from '../../ipc/child.js';
import { monotonicMs } from '../../ipc/clock.js';
import type { DriverCommands, Latencies, OpenMark, Turns } from '../../ipc/commands.js';
import type { Group } from '../../processes/group.js';
import type { Stage } from '../../processes/stage.js';
import type { Mode } from '../../service/service-config.js';
import { attempt, type Finding } from '../attempts.js';
import type { Bench } from '../settings.js';
import { openGroup, type Site } from '../site.js';

const DEADLINE_MS = 10_000;
const SAMPLE_EVERY_S = 0.1;
/** On any machine a joiner gets at least this many MiB in a second, unless something is wrong. */
const LEAST_MIB_PER_SECOND = 2;
const PATIENCE_MS = 60_000;

export interface Joining {
  /** From the start of the replica's process until it is in sync. */
  readonly seconds: number;
  /** Latencies of calls made before it was started. */
  readonly before: Latencies;
  /** Latencies of calls made until it is in sync. */
  readonly meanwhile: Latencies;
  /** The most memory that the primary's process had. */
  readonly primaryBytesBefore: number;
  readonly primaryBytesMeanwhile: number;
  /** How long the primary's process held its event loop at a time. */
  readonly turnsBefore: Turns;
  readonly turnsMeanwhile: Turns;
  readonly failures: number;
  readonly failure: string | undefined;
}

export interface CountedJoining extends Joining {
  /** See `Attempted`. */
  readonly disturbed: number;
}

/** Measures a replica that joins a group under a steady load, each time in a group of its own. */
export async function measureJoinings(bench: Bench): Promise<readonly CountedJoining[]> {
  const { joining, mode } = bench.settings;
  const full: Mode = { ...mode, carrier: 'stream', release: 'concurrent' };
  const results: CountedJoining[] = [];
  for (let count = 1; count <= joining.count; count++) {
    bench.progress(`joining ${count} of ${joining.count}: with ${joining.stateMib} MiB`);
    const { result, disturbed } = await attempt(bench, (stage) => joinOnce(stage, bench, full));
    results.push({ ...result, disturbed });
  }
  return results;
}

async function joinOnce(stage: Stage, { settings }: Bench, mode: Mode): Promise<Finding<Joining>> {
  const { replicas, seconds, warmUpSeconds, joining } = settings;
  const { stateMib, callsPerSecond } = joining;
  const site = await openGroup(stage, mode, { replicas: replicas - 1, stateMib });
  const { driver, group } = site;
  await driver.ask('openLoad', callsPerSecond, {}, DEADLINE_MS);
  await stage.pass(warmUpSeconds);
  const { term } = group.primary;
  await mark(stage, driver);
  const before = await watched(stage, site, stage.pass(seconds));
  const startedAtMs = monotonicMs();
  const patienceMs = PATIENCE_MS + (stateMib / LEAST_MIB_PER_SECOND) * 1_000;
  const meanwhile = await watched(stage, site, group.join(stage, { stateMib: 0 }, patienceMs));
  const joinedAtMs = monotonicMs();
  await stage.until('all calls have ended', driver.ask('endOpenLoad'));
  const last = await mark(stage, driver);
  await group.agree(stage, 0);
  const marks = [before.mark, meanwhile.mark, last];
  const result: Joining = {
    seconds: (joinedAtMs - startedAtMs) / 1_000,
    before: before.mark.latencies,
    meanwhile: meanwhile.mark.latencies,
    primaryBytesBefore: before.mostBytes,
    primaryBytesMeanwhile: meanwhile.mostBytes,
    turnsBefore: before.turns,
    turnsMeanwhile: meanwhile.turns,
    failures: marks.reduce((sum, { refused, late, failures }) => sum + refused + late + failures, 0),
    failure: marks.find(({ failure }) => failure !== undefined)?.failure,
  };
  return { result, whole: group.primary.term === term };
}

/** Looks at the primary's memory, and at the turns of its event loop, until `act` is over. */
async function watched(
  stage: Stage,
  { driver, group }: Site & { readonly group: Group },
  act: Promise<void>,
): Promise<{ readonly mark: OpenMark; readonly mostBytes: number; readonly turns: Turns }> {
  let isOver = false;
  const over = act.finally(() => {
    isOver = true;
  });
  const primary = group.primary.child;
  const turns = (): Promise<Turns> => stage.until('the primary answers', primary.ask('turns'));
  await turns();
  let mostBytes = 0;
  while (!isOver) {
    const { rssBytes } = await stage.until('the primary answers', primary.ask('memory'));
    mostBytes = Math.max(mostBytes, rssBytes);
    await Promise.race([over, stage.pass(SAMPLE_EVERY_S)]);
  }
  await over;
  return { turns: await turns(), mark: await mark(stage, driver), mostBytes };
}

async function mark(stage: Stage, driver: Child<DriverCommands>): Promise<OpenMark> {
  const marked = await stage.until('the driver answers', driver.ask('openMark'));
  if (marked.answered === 0 && marked.failures > 0) throw new BenchFailure(`all calls failed: ${marked.failure}`);
  return marked;
}
