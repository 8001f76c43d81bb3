import type { GroupRecord, ReplicaId, SwapResult } from '@understudy/core';
import { RecordChange, type RecordChangeStep, type ReplicaEvent } from '@understudy/core/internal';
import type { Act } from '../act.js';
import type { Choices } from '../draw/choices.js';
import type { Plan } from '../plan/plan.js';

/** After this long without an answer a request counts as failed. */
const DEADLINE_MS = 30;

type Question = Exclude<RecordChangeStep, { kind: 'done' }>;
type Answer =
  | { readonly kind: 'swapped'; readonly result: SwapResult }
  | { readonly kind: 'read'; readonly record: GroupRecord | undefined };

/** The replica that asks for the change. */
export interface RequestingReplica {
  readonly name: string;
  readonly index: number;
  readonly alive: boolean;
  readonly runs: boolean;
  readonly lives: number;
  readonly withoutCoordinatorUntilMs: number;
  /** Whether a primary that hands over had time to make everything stable first. */
  readonly hadTimeToHandOver: boolean;
  readonly isLinkedTo: (peer: ReplicaId) => boolean;
  step(event: ReplicaEvent): void;
  note(text: string): void;
}

/** The coordinator that is asked. */
interface AskedCoordinator {
  readonly stored: GroupRecord | undefined;
  reaches(server: RequestingReplica): boolean;
  swap(next: GroupRecord, reason: string, gaveUp: ReadonlySet<number> | undefined): SwapResult;
  /** By replica: the clients out of reach when it last proposed what to adopt. */
  readonly gaveUp: Map<RequestingReplica, ReadonlySet<number>>;
  putBack(next: GroupRecord, gaveUp?: ReadonlySet<number>): SwapResult;
  ended(request: RecordRequest): void;
}

export interface RequestWorld {
  readonly nowMs: number;
  readonly choices: Choices;
  readonly plan: Pick<Plan, 'coordinatorLoss'>;
  /** Client processes that a promotion of this replica may give up now. */
  outOfReach(server: RequestingReplica): ReadonlySet<number>;
}

/** A change of the record as a replica pursues it: questions on their way to the coordinator, answers on their way back. */
export class RecordRequest implements Act {
  readonly #world: RequestWorld;
  readonly #coordinator: AskedCoordinator;
  readonly server: RequestingReplica;
  readonly #life: number;
  readonly #change: RecordChange;
  readonly reason: string;
  /** If it ends a promotion: the client processes that the promotion decided without. */
  readonly #gaveUp: ReadonlySet<number> | undefined;
  #question: Question;
  #answer: Answer | undefined;
  /** The question or its answer is lost: its sender waits in vain until this time. */
  #lostUntilMs: number | undefined;

  constructor(
    world: RequestWorld,
    coordinator: AskedCoordinator,
    server: RequestingReplica,
    next: GroupRecord,
    reason: string,
    putsBack: boolean,
  ) {
    this.#world = world;
    this.#coordinator = coordinator;
    this.server = server;
    this.#life = server.lives;
    // A hand-over that took longer did not wait until everything was stable.
    this.reason = reason === 'hand over' && !server.hadTimeToHandOver ? 'leave' : reason;
    if (reason === 'adopt') coordinator.gaveUp.set(server, world.outOfReach(server));
    // An adoption that was lost with the record may be what is put back.
    this.#gaveUp = reason === 'adopt' || putsBack ? coordinator.gaveUp.get(server) : undefined;
    this.#change = new RecordChange(next, putsBack);
    const first = this.#change.begin();
    if (first.kind === 'done') throw new Error('a change is certain before it was asked for');
    this.#question = first;
  }

  get ready(): boolean {
    if (!this.#waits) return true;
    if (this.#lostUntilMs !== undefined) return this.server.runs && this.#world.nowMs >= this.#lostUntilMs;
    if (!this.#coordinator.reaches(this.server)) return false;
    return this.#answer === undefined || this.server.runs;
  }

  /** Whether the life that asked still waits for the answer. */
  get #waits(): boolean {
    return this.server.alive && this.server.lives === this.#life;
  }

  /** The question or its answer is lost. Its sender cannot tell which. */
  lose(): void {
    this.#lostUntilMs ??= this.#world.nowMs + DEADLINE_MS;
  }

  act(): void {
    if (!this.#waits) this.#outliveSender();
    else if (this.#lostUntilMs !== undefined) this.#fail();
    else if (this.#world.choices.chance(this.#world.plan.coordinatorLoss)) this.lose();
    else if (this.#answer === undefined) this.#answer = this.#ask();
    else this.#arrive(this.#answer);
  }

  /** A question may reach the coordinator after its sender is gone. */
  #outliveSender(): void {
    const { choices } = this.#world;
    const onItsWay = this.#answer === undefined && this.#lostUntilMs === undefined;
    if (onItsWay && this.#coordinator.reaches(this.server) && choices.chance(0.7)) this.#ask();
    this.#end();
  }

  #ask(): Answer {
    if (this.#question.kind === 'read') return { kind: 'read', record: this.#coordinator.stored };
    const { kind, next } = this.#question;
    const result =
      kind === 'putBack'
        ? this.#coordinator.putBack(next, this.#gaveUp)
        : this.#coordinator.swap(next, this.reason, this.#gaveUp);
    this.server.note(`${this.reason}: ${result.kind === 'swapped' ? 'done' : 'too late'}`);
    return { kind: 'swapped', result };
  }

  #arrive(answer: Answer): void {
    this.#answer = undefined;
    this.#follow(answer.kind === 'read' ? this.#change.onRead(answer.record) : this.#change.onSwapped(answer.result));
  }

  #fail(): void {
    const { choices } = this.#world;
    this.#lostUntilMs = undefined;
    const asked = this.#question;
    // A swap that its sender has given up may still be on its way.
    const late = asked.kind !== 'read' && this.#answer === undefined && choices.chance(0.5);
    this.#answer = undefined;
    if (late) this.#ask();
    this.#follow(
      asked.kind === 'read'
        ? this.#change.onReadFailed()
        : this.#change.onSwapped({ kind: 'unknown', cause: 'no answer' }),
    );
  }

  #follow(step: RecordChangeStep): void {
    if (step.kind !== 'done') {
      this.#question = step;
      return;
    }
    this.#end();
    this.server.step({ kind: 'recordChange', won: step.won, record: step.record });
  }

  #end(): void {
    this.#coordinator.ended(this);
  }
}
