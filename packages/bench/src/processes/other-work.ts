/** Measurements while another process keeps every core of the machine busy. */
import type { OtherWorkCommands } from '../ipc/commands.js';
import type { Group, View } from './group.js';
import type { Stage } from './stage.js';

/** The changes of a group beside other work, which may slow the group down but is no reason to change its primary. */
export interface Changes {
  readonly primaryChanges: number;
  /** Changes of the group's record for another reason: a replica was taken out, or came back. */
  readonly otherChanges: number;
}

/** The bare service has no primary that could change. */
const NO_GROUP: View = { term: 0, epoch: 0 };

/** Has another process keep every core busy while `act` measures the group, or the bare service. */
export async function besideOtherWork<T>(
  stage: Stage,
  group: Group | undefined,
  act: () => Promise<T>,
): Promise<{ readonly result: T; readonly changes: Changes }> {
  const other = stage.start<OtherWorkCommands>('other-work', 'other-work', []);
  const view = async (): Promise<View> =>
    group === undefined ? NO_GROUP : stage.until('the replicas answer', group.view());
  await stage.until('the other work begins', other.ask('work'));
  const before = await view();
  const result = await act();
  const after = await view();
  await stage.until('the other work ends', other.ask('rest'));
  const primaryChanges = after.term - before.term;
  return { result, changes: { primaryChanges, otherChanges: after.epoch - before.epoch - primaryChanges } };
}
