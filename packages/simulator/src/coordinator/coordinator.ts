import { type GroupRecord, RecordChange, type RecordChangeStep, type SwapResult } from '@understudy/core';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Act } from '../network/streams.js';
import type { Simulation } from '../simulation.js';

/** After this long without an answer a request counts as failed. */
const DEADLINE_MS = 30;

/** The coordinator: one record on a disk, changed by compare-and-swap; slow, sometimes out of reach, sometimes crashing. */
export class VirtualCoordinator {
  record: GroupRecord | undefined;
  /** Down until then. */
  downUntilMs = 0;
  requests: RecordRequest[] = [];
  /** The present term began with a hand-over by a primary that had the time to make everything stable first. */
  orderly = false;
  readonly simulation: Simulation;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
  }

  reaches(server: ServerHost): boolean {
    return this.simulation.nowMs >= this.downUntilMs && this.simulation.nowMs >= server.withoutCoordinatorUntilMs;
  }

  submit(server: ServerHost, next: GroupRecord, reason: string): void {
    if (reason === 'claim') this.simulation.watch.claims(server);
    this.requests.push(new RecordRequest(this, server, next, reason));
  }

  /** A change of the record that this replica wants for this reason is under way. */
  isAsked(server: ServerHost, reason: string): boolean {
    return this.requests.some((request) => request.server === server && request.reason === reason);
  }

  /** It dies with whatever was on its way to it or from it; the record is on its disk. */
  crash(untilMs: number): void {
    this.downUntilMs = untilMs;
    for (const request of this.requests) request.lose();
  }

  swap(next: GroupRecord, reason: string, gaveUp?: ReadonlySet<number>): SwapResult {
    if (next.epoch !== (this.record?.epoch ?? 0) + 1) return { kind: 'conflict', current: this.record };
    if (next.term !== this.record?.term) this.orderly = reason === 'hand over';
    const before = this.record;
    this.record = next;
    this.simulation.watch.recordChanged(before, next);
    this.simulation.onRecord(next, gaveUp);
    return { kind: 'swapped' };
  }
}

type Question = Exclude<RecordChangeStep, { kind: 'done' }>;
type Answer =
  | { readonly kind: 'swapped'; readonly result: SwapResult }
  | { readonly kind: 'read'; readonly record: GroupRecord | undefined };

/** A change of the record as a replica pursues it: questions on their way to the coordinator, answers on their way back. */
export class RecordRequest implements Act {
  readonly #coordinator: VirtualCoordinator;
  readonly server: ServerHost;
  readonly #life: number;
  readonly #change: RecordChange;
  readonly reason: string;
  /** Of a promotion: the sessions that it decided without. */
  readonly #gaveUp: ReadonlySet<number> | undefined;
  #question: Question;
  #answer: Answer | undefined;
  /** Whoever asked waits in vain, until then. */
  #lostUntilMs: number | undefined;

  constructor(coordinator: VirtualCoordinator, server: ServerHost, next: GroupRecord, reason: string) {
    this.#coordinator = coordinator;
    this.server = server;
    this.#life = server.lives;
    // A hand-over that took longer than that did not wait for everything to become stable.
    this.reason = reason === 'hand over' && !server.hadTimeToHandOver ? 'leave' : reason;
    this.#gaveUp = reason === 'adopt' ? coordinator.simulation.outOfReach(server) : undefined;
    this.#change = new RecordChange(next);
    const first = this.#change.begin();
    if (first.kind === 'done') throw new Error('a change is certain before it was asked for');
    this.#question = first;
  }

  get ready(): boolean {
    if (!this.#waits) return true;
    if (this.#lostUntilMs !== undefined) return this.server.runs && this.#now >= this.#lostUntilMs;
    if (!this.#coordinator.reaches(this.server)) return false;
    return this.#answer === undefined || this.server.runs;
  }

  get #now(): number {
    return this.#coordinator.simulation.nowMs;
  }

  /** Whoever asked still waits for the answer. */
  get #waits(): boolean {
    return this.server.alive && this.server.lives === this.#life;
  }

  /** The question or its answer is lost; whoever asked cannot tell which. */
  lose(): void {
    this.#lostUntilMs ??= this.#now + DEADLINE_MS;
  }

  act(): void {
    if (!this.#waits) this.#outliveSender();
    else if (this.#lostUntilMs !== undefined) this.#fail();
    else if (this.#coordinator.simulation.choices.chance(this.#coordinator.simulation.plan.coordinatorLoss))
      this.lose();
    else if (this.#answer === undefined) this.#answer = this.#ask();
    else this.#arrive(this.#answer);
  }

  /** A question may reach the coordinator when its sender is gone. */
  #outliveSender(): void {
    const { choices } = this.#coordinator.simulation;
    const onItsWay = this.#answer === undefined && this.#lostUntilMs === undefined;
    if (onItsWay && this.#coordinator.reaches(this.server) && choices.chance(0.7)) this.#ask();
    this.#end();
  }

  #ask(): Answer {
    if (this.#question.kind === 'read') return { kind: 'read', record: this.#coordinator.record };
    const result = this.#coordinator.swap(this.#question.next, this.reason, this.#gaveUp);
    this.server.note(`${this.reason}: ${result.kind === 'swapped' ? 'done' : 'too late'}`);
    return { kind: 'swapped', result };
  }

  #arrive(answer: Answer): void {
    this.#answer = undefined;
    this.#follow(answer.kind === 'read' ? this.#change.onRead(answer.record) : this.#change.onSwapped(answer.result));
  }

  #fail(): void {
    const { choices } = this.#coordinator.simulation;
    this.#lostUntilMs = undefined;
    const asked = this.#question;
    // A swap that its sender gave up may still be on its way.
    const late = asked.kind === 'swap' && this.#answer === undefined && choices.chance(0.5);
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
    this.#coordinator.requests = this.#coordinator.requests.filter((other) => other !== this);
  }
}
