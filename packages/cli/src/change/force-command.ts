/** `understudy force`: an operator chooses the replica whose state is to be the truth. */
import { type Coordinator, type GroupRecord, type Member, type Presence, UnderstudyError } from '@understudy/core';
import { forceRecord, sameRecord } from '@understudy/core/internal';
import { type JsonOption, type Output, tell } from '../common/output.js';
import { type Source, withCoordinator } from '../common/source.js';
import { recordOf, sameMember } from '../group/group-status.js';

export interface ForceOptions extends JsonOption {
  readonly group: string;
  readonly replica: string;
  readonly yes?: boolean;
  readonly yesEvenThoughOthersRun?: boolean;
}

/**
 * Makes one running replica the only one in sync and the primary, when all replicas that held everything are gone
 * (DESIGN §3.7, §5.4). Calls that only they held are lost, so an operator must confirm it.
 */
export async function forceCommand(source: Source, options: ForceOptions, output: Output): Promise<number> {
  return withCoordinator(source, options.group, async (coordinator) => {
    // The order matters: no replica in this list knows a later record than the one that is read after it.
    const present = await coordinator.present();
    const record = await recordOf(coordinator, options.group, source.name);
    refuseIfRolledBack(record, present);
    const chosen = chosenOf(present, options.replica);
    const running = record.inSync.filter((member) => present.some((other) => sameMember(other.member, member)));
    const even = options.yesEvenThoughOthersRun === true;
    if (running.length > 0 && !even) {
      refuse(`${names(running)} runs and holds everything: nothing was changed; wait, the group recovers by itself`);
    }
    if (options.yes !== true && !even) {
      if (options.json !== true) output.out(explanation(record, chosen.member));
      refuse('nothing was changed; add --yes to do this');
    }
    const next = forceRecord(record, chosen.member, chosen.address, chosen.peerAddress, chosen.brings);
    await change(coordinator, record, next);
    const { group } = options;
    const sentence = `${names([chosen.member])} is the primary of ${JSON.stringify(group)} in term ${next.term}.`;
    tell(output, options, sentence, { group, replica: chosen.member.id, done: 'forced', term: next.term });
    return 0;
  });
}

const names = (members: readonly Member[]): string => members.map(({ id }) => JSON.stringify(id)).join(', ');

function refuse(why: string): never {
  throw new UnderstudyError('UNDERSTUDY_SETUP', why);
}

/**
 * Refuses when a running replica knows a later record: the forced record would have no later epoch, so that replica
 * would not take it.
 */
function refuseIfRolledBack({ group, epoch }: GroupRecord, present: readonly Presence[]): void {
  const knowing = present.find((other) => other.epoch !== undefined && other.epoch > epoch);
  if (knowing === undefined) return;
  const { id } = knowing.member;
  refuse(
    `the record is of epoch ${epoch}, and ${JSON.stringify(id)} runs and knows one of epoch ${knowing.epoch}, so an older one was put in its place; nothing was changed. Have the newest put back first: understudy restore --group ${group} --replica ${id}`,
  );
}

function chosenOf(present: readonly Presence[], replica: string): Presence {
  const lives = present.filter(({ member }) => member.id === replica);
  const [chosen] = lives;
  if (chosen === undefined) {
    const others = present.length === 0 ? 'none does' : `these do: ${names(present.map(({ member }) => member))}`;
    refuse(`replica ${JSON.stringify(replica)} does not run, and only one that runs can be chosen; ${others}`);
  }
  if (lives.length > 1) refuse(`${lives.length} processes run as ${JSON.stringify(replica)}; stop all but one`);
  return chosen;
}

function explanation(record: GroupRecord, chosen: Member): string {
  return `This makes ${names([chosen])} the only replica in sync and the primary of group ${JSON.stringify(record.group)}.

In sync now, and not running: ${names(record.inSync)}.
Everything that they hold and ${names([chosen])} does not is lost for good, even calls
whose callers have their replies. Replicas that come back discard their state and
take over that of ${names([chosen])}. Clients are told that lost calls may have taken
effect, or find that they were undone.

If you can start one of the replicas in sync again with its state, do that
instead: nothing is lost then.

`;
}

async function change(coordinator: Coordinator, record: GroupRecord, next: GroupRecord): Promise<void> {
  const result = await coordinator.compareAndSwap(record.epoch, next);
  if (result.kind === 'swapped') return;
  const current = result.kind === 'conflict' ? result.current : await coordinator.read();
  if (sameRecord(current, next)) return;
  if (result.kind === 'unknown' && sameRecord(current, record)) {
    const why = result.cause instanceof UnderstudyError ? result.cause.message : String(result.cause);
    const problem = `the record is unchanged so far, but may still change; run \`understudy status\` before you try again (${why})`;
    throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem, { cause: result.cause });
  }
  const problem = `somebody else changed the record, to epoch ${current?.epoch ?? 0}; run \`understudy status\` and decide again`;
  throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem);
}
