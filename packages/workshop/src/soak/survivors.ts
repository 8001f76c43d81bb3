/** Compares the replicas that are left at the end of a run. */
import { setTimeout as pass } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Replicas } from '../demo/stage/replicas.js';
import type { Stage } from '../demo/stage/stage.js';
import type { ReplicaReport } from '../hosting/server-messages.js';

/** Acknowledgments may arrive a moment after the last reply. After this time they count as lost. */
const EVEN_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 10;

type Reports = ReadonlyMap<string, ReplicaReport>;

/**
 * Compares the replicas in sync after all calls have ended. All must hold the same orders. Those that execute calls
 * must have the same digest of outcomes, and the state that the client saw.
 *
 * @returns a sentence for each difference
 */
export async function compareSurvivors(
  stage: Stage,
  replicas: Replicas,
  isPassive: boolean,
  seen: { readonly audit: unknown },
): Promise<string[]> {
  const reports = await evenReports(stage, replicas, isPassive);
  const differences: string[] = [];
  if (!areEven(reports, isPassive)) differences.push(`the replicas do not reach the same order: ${describe(reports)}`);
  if (isPassive) return differences;
  const digests = new Map<number, string>();
  for (const [id, { status, audit }] of reports) {
    const { processedUpTo, digest } = status;
    const expected = digests.get(processedUpTo);
    if (expected === undefined) digests.set(processedUpTo, digest);
    else if (digest !== expected)
      differences.push(`${id} has digest ${digest} at order ${processedUpTo}, another has ${expected}`);
    if (!isDeepStrictEqual(audit, seen.audit))
      differences.push(`the state of ${id} is ${JSON.stringify(audit)}; the client saw ${JSON.stringify(seen.audit)}`);
  }
  return differences;
}

/** Returns reports from a moment when all replicas had reached the same order, or the last ones if they never do. */
async function evenReports(stage: Stage, replicas: Replicas, isPassive: boolean): Promise<Reports> {
  const untilMs = performance.now() + EVEN_WITHIN_MS;
  for (;;) {
    const ids = [...replicas.inSyncBackups, replicas.primary?.replica.id].filter((id) => id !== undefined);
    const reports = new Map(await Promise.all(ids.map(async (id) => [id, await replicas.report(id)] as const)));
    if (areEven(reports, isPassive) || performance.now() > untilMs) return reports;
    await stage.until(pass(LOOK_AGAIN_MS));
  }
}

function areEven(reports: Reports, isPassive: boolean): boolean {
  const farness = [...reports.values()].map(({ status: { heldUpTo, processedUpTo } }) =>
    isPassive ? `${heldUpTo}` : `${heldUpTo} ${processedUpTo}`,
  );
  return new Set(farness).size === 1;
}

const describe = (reports: Reports): string =>
  [...reports]
    .map(([id, { status }]) => `${id} holds ${status.heldUpTo}, processed ${status.processedUpTo}`)
    .join('; ');
