import { ENDED_FOR_COPY, ENDED_FOR_SUCCESSOR, type Reply, type StreamItem } from '@understudy/core/internal';
import { bytesOf, textOf } from '@understudy/core/testing';
import type { Act } from '../act.js';
import { type ApplicationCall, type History, REFUSED } from '../checks/history.js';
import { StreamRecord } from '../checks/stream-record.js';
import type { Choices } from '../draw/choices.js';
import type { Plan } from '../plan/plan.js';
import { requestText } from '../services/ledger.js';
import { EARLY_END } from '../services/stream-handler.js';
import { LINES, type Opening, readMessage, readStatus, TO_ALL } from '../services/streamed.js';
import { demand } from '../violation.js';
import type { Habits } from './habits.js';

/** The run around an application. */
export interface StreamUseWorld {
  readonly nowMs: number;
  /** Faults are over, and so are whims and pauses. */
  readonly calm: boolean;
  readonly choices: Choices;
  readonly plan: Pick<Plan, 'config' | 'upgrade'>;
  readonly history: History;
  /** The operation as the workload's machine takes it. */
  drawInput(readOnly: boolean): unknown;
}

/**
 * An application with its streaming call: it sends while there is room, takes the items that come, and ends the call or
 * gives it up.
 */
export abstract class StreamUse implements Act {
  readonly #world: StreamUseWorld;
  readonly opening: Opening;
  readonly record: StreamRecord;
  readonly #habits: Habits;
  /** Answers come in the order of their messages. */
  readonly #unanswered: ApplicationCall[];
  #sent = 0;
  #halfClosed = false;
  /** The index of the newest item that was given, and the number of messages that were given. */
  #givenUpTo = 0;
  #messages = 0;
  #takenUpTo = 0;
  #sendsAtMs = 0;
  #takesAtMs = 0;
  over = false;

  constructor(world: StreamUseWorld, operation: ApplicationCall, opening: Opening, habits: Habits) {
    this.#world = world;
    this.opening = opening;
    this.#habits = habits;
    this.#unanswered = [operation];
    this.record = new StreamRecord(operation.name, operation.process);
    world.history.streams.push(this.record);
  }

  get name(): string {
    return this.record.name;
  }

  get request(): { readonly method: string; readonly message: Uint8Array } {
    return { method: this.#habits.method, message: requestText(this.name, this.opening) };
  }

  /** Its process runs, and there is room for a message. */
  protected abstract get runs(): boolean;
  protected abstract get writable(): boolean;
  protected abstract sendMessage(message: Uint8Array): void;
  protected abstract sendEnd(): void;
  protected abstract sendTaken(upTo: number): void;
  abstract giveUp(): void;

  get ready(): boolean {
    return !this.over && this.runs && (this.#maySend || this.#mayEnd || this.#mayTake);
  }

  act(): void {
    const { choices, calm } = this.#world;
    if (!calm && choices.chance(this.#habits.fickle)) this.giveUp();
    else if (this.#mayTake && (choices.chance(0.5) || !(this.#maySend || this.#mayEnd))) this.#take();
    else if (this.#maySend) this.#sendSome();
    else this.#end();
  }

  get #messagesToSend(): number {
    return this.opening.kind === 'server' ? 0 : this.#habits.messages;
  }

  get #isTime(): boolean {
    return this.#world.calm || this.#world.nowMs >= this.#sendsAtMs;
  }

  get #maySend(): boolean {
    return this.#sent < this.#messagesToSend && this.writable && this.#isTime;
  }

  get #mayEnd(): boolean {
    return this.opening.kind !== 'server' && this.#sent === this.#messagesToSend && !this.#halfClosed && this.#isTime;
  }

  get #mayTake(): boolean {
    if (this.#takenUpTo === this.#givenUpTo) return false;
    return this.#world.calm || this.#world.nowMs >= this.#takesAtMs;
  }

  #take(): void {
    this.#takenUpTo = this.#givenUpTo;
    this.sendTaken(this.#givenUpTo);
  }

  #sendSome(): void {
    const { choices, nowMs } = this.#world;
    this.#sendsAtMs = nowMs + choices.below(this.#habits.pauseMs);
    for (let i = this.#habits.burst; i > 0 && this.#maySendMore; i--) this.#send();
  }

  get #maySendMore(): boolean {
    return !this.over && this.#sent < this.#messagesToSend && this.writable;
  }

  #send(): void {
    const { history } = this.#world;
    const place = { stream: this.name, position: ++this.#sent };
    const input = this.#habits.quiet ? null : this.#world.drawInput(false);
    const how = { readOnly: false, stuck: false, keyed: false, place };
    const operation = history.invoke(this.record.process, how, input);
    this.#unanswered.push(operation);
    this.note(`sends ${operation.name}`);
    this.sendMessage(requestText(operation.name, input));
  }

  #end(): void {
    this.#halfClosed = true;
    this.note('half-closes');
    this.sendEnd();
  }

  // ── what comes ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param index of the item, where its client knows it */
  given(item: StreamItem, index: number): void {
    demand(!this.over, () => `${this.name} gets item ${index} after its end`);
    demand(index > this.#givenUpTo, () => `${this.name} gets item ${index} after ${this.#givenUpTo}`);
    this.#givenUpTo = index;
    if (item.kind !== 'message') return;
    const { place, by, body } = readMessage(textOf(item.message));
    demand(place === this.#messages + 1, () => `${this.name} gets message ${place} after ${this.#messages}`);
    this.#messages = place;
    this.record.given(index, item, by, this.#world.history.tick());
    this.#takesAtMs = this.#world.nowMs + this.#world.choices.below(this.#habits.takeMs);
    this.#understand(body);
  }

  #understand(body: string): void {
    if (body.startsWith(TO_ALL)) return;
    if (this.opening.kind === 'client') for (const line of body.split(LINES)) this.#answer(line);
    else if (this.opening.kind === 'bidi' || this.#messages === 1) this.#answer(body);
  }

  #answer(body: string): void {
    const operation = this.#unanswered.shift();
    demand(operation !== undefined, () => `${this.name} is given an answer that nothing asked for: ${body}`);
    this.#world.history.answer(operation, { kind: 'reply', code: 0, details: '', message: bytesOf(body) });
  }

  ended(outcome: Reply): void {
    this.over = true;
    if (outcome.code === REFUSED.code) {
      this.#settle(() => false);
      return;
    }
    // Primaries died by chance while they processed one of its messages, or its opening.
    if (outcome.details.startsWith('UNDERSTUDY_POISON')) {
      this.#settle(() => true);
      return;
    }
    if (outcome.details === ENDED_FOR_COPY.details || outcome.details === ENDED_FOR_SUCCESSOR.details) {
      const { config, upgrade } = this.#world.plan;
      demand(config.replication === 'passive' || upgrade !== undefined, () => `${this.name} is ended for a copy`);
      this.#settle(() => true);
      return;
    }
    demand(
      outcome.code === 0 || outcome.code === EARLY_END,
      () => `${this.name} ends with status ${outcome.code} ${outcome.details}`,
    );
    const { place, by } = readStatus(outcome.details);
    demand(place === this.#messages, () => `${this.name} ends after ${this.#messages} of ${place} messages`);
    const item = { kind: 'status', outcome } as const;
    this.record.ended(item, by, this.#world.history.tick());
    demand(
      outcome.code !== 0 || this.#unanswered.length === 0,
      () => `${this.name} ends, and ${this.#unanswered[0]?.name} has no answer`,
    );
    // The handler never saw the messages that came after its early end.
    this.#settle(({ place: at }) => (at?.position ?? 0) <= this.opening.endsAfter);
  }

  /** The stream ended without a status. */
  fails(mayHaveTakenEffect: boolean): void {
    this.over = true;
    this.#settle(() => mayHaveTakenEffect);
  }

  #settle(mayHaveTakenEffect: (operation: ApplicationCall) => boolean): void {
    for (const operation of this.#unanswered.splice(0)) {
      this.#world.history.fail(operation, mayHaveTakenEffect(operation));
    }
  }

  protected abstract note(text: string): void;
}
