/** `understudy stepdown`: one replica hands over and stops serving. */
import { UnderstudyError } from '@understudy/core';
import { stepDown } from '../admin/admin-client.js';
import type { OperatorIdentity } from '../common/identity.js';
import { type JsonOption, type Output, tell } from '../common/output.js';
import { type Source, withCoordinator } from '../common/source.js';

export interface StepDownOptions extends JsonOption {
  readonly group: string;
  readonly replica: string;
}

/** Finds the replica by the coordinator, and asks it to hand over. */
export async function stepDownCommand(
  source: Source,
  options: StepDownOptions,
  identity: OperatorIdentity,
  output: Output,
): Promise<number> {
  const { group, replica } = options;
  const present = await withCoordinator(source, group, (coordinator) => coordinator.present());
  const chosen = present.find(({ member }) => member.id === replica);
  if (chosen === undefined) {
    throw new UnderstudyError('UNDERSTUDY_SETUP', `${JSON.stringify(replica)} does not run in ${source.name}`);
  }
  const successor = await stepDown({ address: chosen.peerAddress ?? chosen.address, ...identity });
  const name = JSON.stringify(replica);
  const sentence =
    successor === undefined
      ? `${name} has stopped serving; it had nobody to hand over to.`
      : `${name} has handed over to ${JSON.stringify(successor)}.`;
  tell(output, options, sentence, { group, replica, done: 'stopped serving', handedOverTo: successor });
  return 0;
}
