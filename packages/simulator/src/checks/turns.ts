import type { ReplicaEffect, SessionEffect } from '@understudy/core/internal';
import { demand } from '../violation.js';

/** Frames that every call causes. */
const FREQUENT: ReadonlySet<string> = new Set(['announce', 'ack', 'replies', 'multicast']);
const NOBODY: readonly string[] = [];

/**
 * DESIGN 7.10: frequent frames leave only at the end of a turn, one to each receiver.
 *
 * @param effects of one step of a process
 * @param ends the step ends a turn
 */
export function checkTurn(name: string, ends: boolean, effects: readonly (ReplicaEffect | SessionEffect)[]): void {
  if (effects.length === 0) return;
  for (const effect of effects) checkRepliesOnce(name, effect);
  if (effects.length < 2 && ends) return;
  let sent: Set<string> | undefined;
  for (const effect of effects) {
    for (const to of receiversOf(effect)) {
      demand(ends, () => `${name} sends ${to} before its turn ends`);
      demand(!sent?.has(to), () => `${name} sends ${to} twice in a turn`);
      sent ??= new Set();
      sent.add(to);
    }
  }
}

/** DESIGN 7.8: a waiting reply waits once, however often it was asked for. */
function checkRepliesOnce(name: string, effect: ReplicaEffect | SessionEffect): void {
  if (effect.kind !== 'sendToSession' || effect.frame.kind !== 'replies' || effect.frame.replies.length < 2) return;
  const { replies } = effect.frame;
  const seqNums = new Set(replies.map(({ seqNum }) => seqNum));
  demand(
    seqNums.size === replies.length,
    () => `${name} sends a reply twice: #${replies.map(({ seqNum }) => seqNum).join(' #')}`,
  );
}

/** Kind and receiver of each frame that every call causes. */
function receiversOf(effect: ReplicaEffect | SessionEffect): readonly string[] {
  switch (effect.kind) {
    case 'sendToPeer':
      return FREQUENT.has(effect.frame.kind) ? [`${effect.frame.kind} to ${effect.peer}`] : NOBODY;
    case 'sendToSession':
      return FREQUENT.has(effect.frame.kind) ? [`${effect.frame.kind} on ${effect.link}`] : NOBODY;
    case 'send':
      return FREQUENT.has(effect.frame.kind) ? [`${effect.frame.kind} to ${effect.slot}`] : NOBODY;
    case 'multicast':
      return effect.slots.map((slot) => `${effect.frame.kind} to ${slot}`);
    default:
      return NOBODY;
  }
}
