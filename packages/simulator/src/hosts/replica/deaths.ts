import type { GroupRecord, ReplicaId } from '@understudy/core';
import { SUSPECTS_MAX } from '@understudy/core/internal';
import type { ApplicationCall } from '../../checks/history.js';
import type { Choices } from '../../draw/choices.js';
import type { Plan } from '../../plan/plan.js';
import { demand } from '../../violation.js';

export interface DeathsWorld {
  readonly nowMs: number;
  readonly plan: Plan;
  readonly choices: Choices;
  readonly mayDiverge: boolean;
  readonly coordinator: { readonly record: GroupRecord | undefined };
}

/** A host whose process may end. */
interface Mortal {
  readonly member: { readonly id: ReplicaId };
  crashesAfter: number;
  note(text: string): void;
  crash(): void;
}

/** The deaths that handlers cause at one replica, and the supervisor that restarts it. */
export class Deaths {
  /** When the supervisor restarts the process. */
  restartsAtMs = Number.POSITIVE_INFINITY;
  /** An effect is being carried out. */
  steps = false;
  readonly #world: DeathsWorld;
  readonly #host: Mortal;

  constructor(world: DeathsWorld, host: Mortal) {
    this.#world = world;
    this.#host = host;
  }

  /**
   * Whether a handler ends the process at this point. An operator who forces a group onto one replica takes such
   * messages away first.
   */
  endsIt(operation: ApplicationCall | undefined, at: ApplicationCall['deadly']): operation is ApplicationCall {
    if (operation === undefined || operation.deadly !== at) return false;
    const { record } = this.#world.coordinator;
    if (record?.forced === true && record.inSync.length === 1) operation.spared = true;
    return !operation.spared;
  }

  /** A handler ends the process. Only other replicas in sync keep the state. */
  diesOf(operation: ApplicationCall): void {
    const { coordinator, plan, choices, mayDiverge, nowMs } = this.#world;
    const host = this.#host;
    if (operation.deaths++ === 0) operation.inSyncBefore = coordinator.record?.inSync.length ?? 0;
    host.note(`dies of ${operation.name}`);
    // Where more calls are open than the record has names for, not all of their deaths are counted.
    if ((coordinator.record?.deaths?.suspects.length ?? 0) >= SUSPECTS_MAX) operation.inSyncBefore = 0;
    demand(
      operation.inSyncBefore === 0 || operation.deaths <= plan.config.poisonAfter,
      () => `${operation.name} ends ${operation.deaths} processes`,
    );
    const isWhole = operation.inSyncBefore === plan.servers;
    const others = coordinator.record?.inSync.filter(({ id }) => id !== host.member.id) ?? [];
    // A backup that has left because its state differs needs a copy, and a replica that recovers cannot give one.
    demand(others.length > 0 || !isWhole || mayDiverge, () => `${operation.name} ends the last process in sync`);
    // The last replica alone knew which message it had begun. An operator goes on with another replica, which does not
    // count this death.
    if (others.length === 0) operation.deaths--;
    this.restartsAtMs = nowMs + choices.between(10, 4 * plan.config.leaseMs);
    // The process ends between two effects, or now if no step goes on.
    if (this.steps) host.crashesAfter = 0;
    else host.crash();
  }
}
