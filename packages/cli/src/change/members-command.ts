/** `understudy add`, `remove`, `replace` and `restore`: an operator changes who belongs to a group, or mends its record. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Coordinator, type GroupRecord, type Presence, UnderstudyError } from '@understudy/core';
import { remove, restore, stepDown } from '../admin/admin-client.js';
import type { OperatorIdentity } from '../common/identity.js';
import { type JsonOption, type Output, tell } from '../common/output.js';
import { type Source, withCoordinator } from '../common/source.js';
import { quoted } from '../common/text.js';
import { recordOf, sameMember } from '../group/group-status.js';

export interface MemberOptions extends JsonOption {
  readonly group: string;
  readonly replica: string;
  /** Seconds, as written. */
  readonly timeout?: string;
}

export interface ReplaceOptions extends MemberOptions {
  readonly by: string;
}

/** How often the command reads the record. */
const LOOK_EVERY_MS = 200;
const TIMEOUT_S = 60;

interface Group {
  readonly source: Source;
  readonly coordinator: Coordinator;
  readonly name: string;
  readonly identity: OperatorIdentity;
  /** When to give up, as `Date.now` tells it. */
  readonly untilMs: number;
}

type Work = (group: Group) => Promise<void>;

async function withGroup(
  source: Source,
  { group: name, timeout }: MemberOptions,
  identity: OperatorIdentity,
  work: Work,
): Promise<number> {
  const seconds = Number(timeout ?? TIMEOUT_S);
  if (!(seconds > 0)) refuse(`--timeout takes seconds, not ${JSON.stringify(timeout)}`);
  const untilMs = Date.now() + seconds * 1000;
  await withCoordinator(source, name, (coordinator) => work({ source, coordinator, name, identity, untilMs }));
  return 0;
}

/** Waits until a replica that was started is in sync. */
export function addCommand(source: Source, options: MemberOptions, identity: OperatorIdentity, output: Output) {
  return withGroup(source, options, identity, async (group) => {
    await untilInSync(group, options.replica);
    const { replica } = options;
    tell(output, options, `${quoted(replica)} is in sync.`, { group: group.name, replica, done: 'in sync' });
  });
}

/** Takes a replica that does not run out of the record. */
export function removeCommand(source: Source, options: MemberOptions, identity: OperatorIdentity, output: Output) {
  return withGroup(source, options, identity, async (group) => {
    await removeMember(group, options.replica);
    tellRemoved(output, options);
  });
}

/** Waits until the new replica is in sync, then has the old one step down, and removes it. */
export function replaceCommand(source: Source, options: ReplaceOptions, identity: OperatorIdentity, output: Output) {
  return withGroup(source, options, identity, async (group) => {
    const { replica, by } = options;
    await untilInSync(group, by);
    tell(output, options, `${quoted(by)} is in sync.`, { group: group.name, replica: by, done: 'in sync' });
    const running = (await group.coordinator.present()).find(({ member }) => member.id === replica);
    if (running !== undefined) {
      await stepDown({ address: addressOf(running), ...identity });
      const done = { group: group.name, replica, done: 'stopped serving' };
      tell(output, options, `${quoted(replica)} has stopped serving; end its process.`, done);
    }
    await removeMember(group, replica);
    tellRemoved(output, options);
  });
}

/** Has a replica put the lost record back. */
export function restoreCommand(source: Source, options: MemberOptions, identity: OperatorIdentity, output: Output) {
  return withGroup(source, options, identity, async ({ coordinator, name }) => {
    await restore({ address: addressOf(await runningOf(coordinator, options.replica)), ...identity });
    const done = { group: name, replica: options.replica, done: 'puts the record back' };
    tell(output, options, `${quoted(options.replica)} puts the record of ${quoted(name)} back.`, done);
  });
}

function tellRemoved(output: Output, options: MemberOptions): void {
  const { group, replica } = options;
  tell(output, options, `${quoted(replica)} is removed from ${quoted(group)}.`, { group, replica, done: 'removed' });
}

async function untilInSync(group: Group, replica: string): Promise<void> {
  await until(
    group,
    (record, present) => {
      const running = present.find(({ member }) => member.id === replica);
      return running !== undefined && record.inSync.some((member) => sameMember(member, running.member));
    },
    `${quoted(replica)} is not in sync yet; see its log for what it waits for`,
  );
}

async function removeMember(group: Group, replica: string): Promise<void> {
  const { coordinator, name, source, identity } = group;
  const isGone = ({ addresses }: GroupRecord): boolean => !Object.hasOwn(addresses, replica);
  let record = await recordOf(coordinator, name, source.name);
  if (isGone(record)) refuse(`the record of ${quoted(name)} does not name ${quoted(replica)}`);
  let problem = '';
  while (!isGone(record)) {
    if (Date.now() > group.untilMs) refuse(`${quoted(replica)} was not removed in time: ${problem}`);
    try {
      await remove({ address: addressOf(await runningOf(coordinator, record.primary.id)), ...identity }, replica);
    } catch (error) {
      problem = error instanceof Error ? error.message.replace(/^UNDERSTUDY_[A-Z_]+: /, '') : String(error);
      if (!isPassing(problem)) throw error;
    }
    await delay(LOOK_EVERY_MS);
    record = await recordOf(coordinator, name, source.name);
  }
}

/**
 * A problem that passes: the link to a replica that has just ended may still be up, and only one change runs at a time.
 */
const isPassing = (problem: string): boolean => /under way|would join again|not primary|does not run/.test(problem);

async function until(
  group: Group,
  holds: (record: GroupRecord, present: readonly Presence[]) => boolean,
  problem: string,
): Promise<void> {
  const { coordinator, name, source, untilMs } = group;
  while (!holds(await recordOf(coordinator, name, source.name), await coordinator.present())) {
    if (Date.now() > untilMs) refuse(problem);
    await delay(LOOK_EVERY_MS);
  }
}

async function runningOf(coordinator: Coordinator, replica: string): Promise<Presence> {
  const presence = (await coordinator.present()).find(({ member }) => member.id === replica);
  return presence ?? refuse(`${quoted(replica)} does not run`);
}

const addressOf = ({ address, peerAddress }: Presence): string => peerAddress ?? address;

function refuse(why: string): never {
  throw new UnderstudyError('UNDERSTUDY_SETUP', why);
}
