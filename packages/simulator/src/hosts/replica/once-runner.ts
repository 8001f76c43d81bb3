import type { NestedCaller, ReplicaEvent } from '@understudy/core/internal';
import type { ActingReplica, Outside } from '../../checks/outside.js';
import type { Choices } from '../../draw/choices.js';
import type { OncePlan } from '../../plan/plan.js';
import { readCall } from '../../services/nested.js';
import type { Narrator } from '../../trace/narrator.js';

export interface OnceWorld extends Pick<Narrator, 'tracing'> {
  readonly choices: Choices;
  readonly plan: { readonly once: OncePlan | undefined };
  readonly outside: Outside | undefined;
}

/** The replica in whose process the functions run. */
export interface OnceHost extends ActingReplica {
  readonly life: { goOnLater(run: () => void, withinMs: number): void };
  note(text: string): void;
  step(event: ReplicaEvent): void;
}

/** Runs a function that a handler gave to `once`, as the server does. Its process may end before or after it took effect. */
export function runOnce(world: OnceWorld, host: OnceHost, caller: NestedCaller, again: boolean, text: string): void {
  const { outside, plan, choices } = world;
  const { runMs = 0, throws = 0 } = plan.once ?? {};
  if (outside === undefined) return;
  outside.begins(host, caller, again, text);
  const { life } = host;
  life.goOnLater(() => {
    if (world.tracing) host.note(`runs ${readCall(text).what}`);
    const outcome = outside.acts(caller, text, choices.chance(throws));
    life.goOnLater(() => host.step({ kind: 'nestedReply', to: caller.id, outcome }), runMs);
  }, runMs);
}
