import type { NestedCaller, NestedId, ReplicaEvent } from '@understudy/core/internal';
import type { ActingReplica, Outside } from '../../checks/outside.js';
import type { Choices } from '../../draw/choices.js';
import type { OncePlan } from '../../plan/plan.js';
import { readCall } from '../../services/nested.js';
import type { Narrator } from '../../trace/narrator.js';

/** The run, as functions of handlers see it. */
interface OnceWorld extends Pick<Narrator, 'tracing'> {
  readonly choices: Choices;
  readonly plan: { readonly once: OncePlan | undefined };
  readonly outside: Outside | undefined;
}

/** The parts of the run that take the calls of handlers. */
export interface NestedSendingWorld<Host extends SendingHost> extends OnceWorld {
  /** The service that handlers call. */
  readonly callee:
    | {
        called(server: Host, caller: NestedCaller): void;
        /**
         * Carries out a handler's operation on a stream.
         *
         * @returns whether the call is such an operation
         */
        carries(server: Host, caller: NestedCaller, again: boolean): boolean;
      }
    | undefined;
}

/** The replica whose handlers call, and in whose process their functions run. */
export interface SendingHost extends ActingReplica {
  readonly life: {
    readonly nested: { isOnce(id: NestedId): boolean; textOf(id: NestedId): string | undefined };
    goOnLater(run: () => void, withinMs: number): void;
  };
  note(text: string): void;
  step(event: ReplicaEvent): void;
}

/** A call of a handler leaves: a call of another service, an operation on a stream there, or a function of this process. */
export function sendNested<Host extends SendingHost>(
  world: NestedSendingWorld<Host>,
  host: Host,
  caller: NestedCaller,
  again: boolean,
): void {
  const { nested } = host.life;
  if (world.callee?.carries(host, caller, again)) return;
  if (nested.isOnce(caller.id)) runOnce(world, host, caller, again, nested.textOf(caller.id) ?? '');
  else world.callee?.called(host, caller);
}

/** Runs a function that a handler gave to `once`, as the server does. Its process may end before or after it took effect. */
function runOnce(world: OnceWorld, host: SendingHost, caller: NestedCaller, again: boolean, text: string): void {
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
