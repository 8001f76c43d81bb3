/** `understudy status`: the record of each group, and what the replicas that run say of themselves. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, failureOf } from '../common/failure.js';
import type { OperatorIdentity } from '../common/identity.js';
import type { Output } from '../common/output.js';
import { type Source, withCoordinator } from '../common/source.js';
import { callsPerSecond, type LiveStatus, liveStatus } from '../group/live-status.js';
import { renderStatus } from './render.js';

export interface StatusOptions {
  readonly group?: string;
  readonly json?: boolean;
  readonly wide?: boolean;
  readonly recordOnly?: boolean;
}

/** The time between the two looks from which calls a second are computed. */
const LOAD_MS = 300;

interface FailedGroup {
  readonly group: string;
  readonly error: Failure;
}

type Known = LiveStatus & { readonly load?: number };

/** Shows every group that can be read, even if another cannot be. The exit code is 1 if one could not be read. */
export async function statusCommand(
  source: Source,
  options: StatusOptions,
  identity: OperatorIdentity,
  output: Output,
): Promise<number> {
  const names = options.group === undefined ? await source.groups() : [options.group];
  const asks = options.recordOnly === true ? undefined : identity;
  const groups: (Known | FailedGroup)[] = await Promise.all(names.map((name) => statusOf(source, name, asks)));
  const failed = groups.filter((group) => 'error' in group);
  const known = groups.filter((group) => 'record' in group);
  if (options.json === true) {
    output.out(`${JSON.stringify({ groups }, undefined, 2)}\n`);
  } else {
    if (names.length === 0) output.out(`no group has a record in ${source.name}\n`);
    const { wide } = options;
    output.out(known.map((status) => renderStatus(status, { load: status.load, wide })).join('\n'));
    for (const { error } of failed) output.err(`${error.message}\n`);
  }
  return failed.length === 0 ? 0 : 1;
}

async function statusOf(
  source: Source,
  group: string,
  identity: OperatorIdentity | undefined,
): Promise<Known | FailedGroup> {
  try {
    return await withCoordinator(source, group, async (coordinator) => {
      const before = await liveStatus(coordinator, group, source.name, identity);
      if (!before.replicas.some(({ told }) => told !== undefined)) return before;
      await delay(LOAD_MS);
      const now = await liveStatus(coordinator, group, source.name, identity);
      const load = callsPerSecond(before, now);
      return load === undefined ? now : { ...now, load };
    });
  } catch (error) {
    return { group, error: failureOf(error) };
  }
}
