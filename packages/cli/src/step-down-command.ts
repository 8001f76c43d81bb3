/** `understudy stepdown`: one replica hands over and stops serving. */
import { UnderstudyError } from '@understudy/core';
import { stepDown } from './admin-client.js';
import type { OperatorIdentity } from './identity.js';
import type { Output } from './output.js';
import { type Source, withCoordinator } from './source.js';

export interface StepDownOptions {
  readonly group: string;
  readonly replica: string;
}

/** Finds the replica by the coordinator, and asks it to hand over. */
export async function stepDownCommand(
  source: Source,
  { group, replica }: StepDownOptions,
  identity: OperatorIdentity,
  output: Output,
): Promise<number> {
  const present = await withCoordinator(source, group, (coordinator) => coordinator.present());
  const chosen = present.find(({ member }) => member.id === replica);
  if (chosen === undefined) {
    throw new UnderstudyError('UNDERSTUDY_SETUP', `${JSON.stringify(replica)} does not run in ${source.name}`);
  }
  const successor = await stepDown({ address: chosen.peerAddress ?? chosen.address, ...identity });
  const name = JSON.stringify(replica);
  output.out(
    successor === undefined
      ? `${name} has stopped serving; it had nobody to hand over to.\n`
      : `${name} has handed over to ${JSON.stringify(successor)}.\n`,
  );
  return 0;
}
