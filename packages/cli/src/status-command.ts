/** `understudy status`: the record of each group and the replicas that run. */
import { type Failure, failureOf } from './failure.js';
import { type GroupStatus, groupStatus } from './group-status.js';
import type { Output } from './output.js';
import { renderStatus } from './render.js';
import { type Source, withCoordinator } from './source.js';

export interface StatusOptions {
  readonly group?: string;
  readonly json?: boolean;
}

interface FailedGroup {
  readonly group: string;
  readonly error: Failure;
}

/** Shows every group that can be read, even if another cannot be. The exit code is 1 if one could not be read. */
export async function statusCommand(source: Source, options: StatusOptions, output: Output): Promise<number> {
  const names = options.group === undefined ? await source.groups() : [options.group];
  const groups: (GroupStatus | FailedGroup)[] = [];
  for (const name of names) groups.push(await statusOf(source, name));
  const failed = groups.filter((group) => 'error' in group);
  const known = groups.filter((group) => 'record' in group);
  if (options.json === true) {
    output.out(`${JSON.stringify({ groups }, undefined, 2)}\n`);
  } else {
    if (names.length === 0) output.out(`no group has a record in ${source.name}\n`);
    output.out(known.map(renderStatus).join('\n'));
    for (const { error } of failed) output.err(`${error.message}\n`);
  }
  return failed.length === 0 ? 0 : 1;
}

async function statusOf(source: Source, group: string): Promise<GroupStatus | FailedGroup> {
  try {
    return await withCoordinator(source, group, (coordinator) => groupStatus(coordinator, group, source.name));
  } catch (error) {
    return { group, error: failureOf(error) };
  }
}
