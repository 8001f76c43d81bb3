import {
  type CallId,
  type ConnectionId,
  connectionId,
  type NestedCaller,
  type Outcome,
  type Reply,
  Session,
  type SessionEffect,
  type SessionEvent,
  type StreamItem,
} from '@understudy/core';
import { hex32 } from '@understudy/core/testing';
import type { Attempt } from '../../applications/calling-group.js';
import { ClientStream } from '../../applications/streams/client-stream.js';
import type { Habits } from '../../applications/streams/draw.js';
import { checkAsks } from '../../checks/asks.js';
import type { Operation } from '../../checks/history.js';
import { Rpc } from '../../network/rpc.js';
import type { SessionStream } from '../../network/streams.js';
import { requestText } from '../../services/ledger.js';
import { type Opening, textOfItem } from '../../services/streamed.js';
import type { Simulation } from '../../simulation.js';
import { demand } from '../../violation.js';
import { Host } from '../host.js';

/** More clients than this no run has. */
const PROCESSES = 16;

/** A client process with its adapter: one session after the other, each with a stream to every replica. */
export class ClientHost extends Host {
  core: Session | undefined;
  /** Of the session that it has or had last. */
  connection: ConnectionId = connectionId('session', hex32(0));
  /** Sessions so far. */
  generation = 0;
  readonly streams: (SessionStream | undefined)[] = [];
  readonly rpcs = new Map<CallId, Rpc>();
  readonly calls = new Map<CallId, Operation>();
  /** Of those, calls that a group makes, perhaps more than once. */
  readonly #attempts = new Map<CallId, Attempt>();
  readonly openStreams = new Map<CallId, ClientStream>();
  /** Streams of the present session, open or not. */
  streamsOpened = 0;
  /** It died, and was not started again since. */
  dead = false;
  /** Numbers of its processes: another one after each crash, no two alike in a run. */
  process: number;
  readonly deadProcesses: number[] = [];
  closing = false;
  endedUnclean = false;
  #drops: SessionStream[] = [];
  /** Newest term that this session heard of; and what it is told just now in the name of an older one. */
  #term = 0;
  #outdated: readonly (Outcome | StreamItem)[] = [];

  constructor(simulation: Simulation, name: string, index: number) {
    super(simulation, name, index);
    this.process = index;
  }

  get alive(): boolean {
    return this.core !== undefined;
  }

  readsNothing(): boolean {
    return false;
  }

  start(): void {
    this.generation++;
    const number = 0xc000 + (this.index - this.simulation.plan.servers + 1) * 100 + this.generation;
    this.connection = connectionId('session', hex32(number).replace(/^0/, 'f'));
    const { config, servers } = this.simulation.plan;
    this.#term = 0;
    this.core = new Session({ connection: this.connection, slots: servers, config });
    this.closing = false;
    this.streamsOpened = 0;
    this.simulation.losses.sessionStarts(this);
  }

  crash(): void {
    this.simulation.fault([this], 'crashes');
    this.dead = true;
    this.deadProcesses.push(this.process);
    this.core = undefined;
    this.#drops = [];
    this.#dropStreams(true);
    this.calls.clear();
    for (const attempt of this.#attempts.values()) attempt.failed(true);
    this.#attempts.clear();
    this.openStreams.clear();
  }

  /** Another process in its place, which knows nothing of the first. */
  restart(): void {
    this.note('starts again');
    this.dead = false;
    this.endedUnclean = false;
    this.process += PROCESSES;
    this.start();
  }

  #dropStreams(loseTail: boolean): void {
    const { choices } = this.simulation;
    for (const stream of [...this.streams]) {
      if (stream === undefined) continue;
      if (loseTail) stream.toServer.break(choices.below(stream.toServer.frames.length + 1));
      stream.endAtClient();
    }
    for (const rpc of this.rpcs.values()) rpc.cancel();
    this.rpcs.clear();
  }

  /** @param by of a group that calls: in whose name, and who hears what becomes of it */
  call(operation: Operation, method: string, by?: { readonly nested: NestedCaller; readonly attempt?: Attempt }): void {
    if (this.core === undefined) this.start();
    const call = this.simulation.nextCall() as CallId;
    this.calls.set(call, operation);
    if (by?.attempt !== undefined) this.#attempts.set(call, by.attempt);
    this.closing = false;
    this.note(`calls ${operation.name}${by === undefined ? '' : describeCaller(by.nested)}`);
    const message = requestText(operation.name, operation.input);
    const request = by === undefined ? { method, message } : { method, message, nested: by.nested };
    this.step({ kind: 'call', call, request, readOnly: operation.readOnly });
  }

  cancel(call: CallId): void {
    const operation = this.calls.get(call);
    if (operation === undefined) return;
    this.calls.delete(call);
    this.rpcs.get(call)?.cancel();
    this.rpcs.delete(call);
    this.note(`gives ${operation.name} up`);
    this.#failed(call, operation, true);
    this.step({ kind: 'cancel', call });
  }

  /** Calls and streams that are open. */
  get busy(): boolean {
    return this.calls.size + this.openStreams.size > 0;
  }

  openStream(operation: Operation, opening: Opening, habits: Habits): void {
    if (this.core === undefined) this.start();
    const call = this.simulation.nextCall() as CallId;
    const stream = new ClientStream(this, call, operation, opening, habits);
    this.openStreams.set(call, stream);
    this.streamsOpened++;
    this.closing = false;
    this.note(`opens ${operation.name}, ${opening.kind}${opening.late ? ', late' : ''}`);
    this.step({ kind: 'openStream', call, request: stream.request });
  }

  cancelStream(stream: ClientStream): void {
    if (!this.openStreams.delete(stream.call)) return;
    this.note(`gives ${stream.name} up`);
    stream.failed(true);
    this.step({ kind: 'cancel', call: stream.call });
  }

  close(): void {
    if (this.busy || this.closing) return;
    this.closing = true;
    this.note('closes');
    this.step({ kind: 'close' });
  }

  step(event: SessionEvent): void {
    const { core } = this;
    if (core === undefined) return;
    this.#hear(answersOf(event));
    const effects = core.step(event, this.clockMs);
    this.simulation.watch.turn(this.name, event.kind === 'flush', effects);
    for (const effect of effects) {
      this.#carryOut(effect);
      if (this.crashesHere()) return;
    }
    this.simulation.watch.afterClientStep(this, core.status.retained - core.heldReplies);
    for (const stream of this.#drops.splice(0)) {
      stream.endAtClient();
      this.step({ kind: 'linkDown', slot: stream.server.index });
    }
  }

  #hear(answers: Answers | undefined): void {
    const isOlder = answers !== undefined && answers.term < this.#term;
    this.#outdated = isOlder ? answers.outcomes : [];
    if (answers !== undefined && answers.term > this.#term) this.#term = answers.term;
  }

  #carryOut(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send': {
        const stream = this.streams[effect.slot];
        if (stream === undefined) return;
        checkAsks(this, stream, effect.frame);
        stream.toServer.frames.push(effect.frame);
        return;
      }
      case 'multicast':
        for (const slot of effect.slots) this.streams[slot]?.toServer.frames.push(effect.frame);
        return;
      case 'invoke':
        return this.#invoke(effect);
      case 'item': {
        const stream = this.openStreams.get(effect.call);
        this.#checkTerm(effect.item, stream?.name);
        if (this.simulation.tracing) this.note(`${stream?.name} << ${textOfItem(effect.item)}`);
        stream?.given(effect.item, effect.index);
        return;
      }
      case 'writable': {
        const stream = this.openStreams.get(effect.call);
        if (stream !== undefined) stream.mayWrite = true;
        return;
      }
      case 'deliver': {
        const stream = this.#takeStream(effect.call);
        if (stream !== undefined) {
          this.note(`${stream.name} ends`);
          this.#checkTerm(effect.reply, stream.name);
          stream.ended(effect.reply);
          return;
        }
        const operation = this.#take(effect.call);
        this.note(`delivered ${operation?.name}`);
        this.#checkTerm(effect.reply, operation?.name);
        if (operation !== undefined) this.#answered(effect.call, operation, effect.reply);
        return;
      }
      case 'fail': {
        const stream = this.#takeStream(effect.call);
        if (stream !== undefined) {
          this.note(`${stream.name} fails: ${effect.code} ${effect.reason}`);
          stream.failed(effect.mayHaveTakenEffect);
          return;
        }
        const operation = this.#take(effect.call);
        if (this.simulation.tracing) this.note(`failed ${operation?.name}: ${effect.code} ${effect.reason}`);
        if (operation !== undefined) this.#failed(effect.call, operation, effect.mayHaveTakenEffect);
        return;
      }
      case 'reconnect': {
        const stream = this.streams[effect.slot];
        if (stream !== undefined) this.#drops.push(stream);
        return;
      }
      case 'ended':
        return this.#ended(effect.clean);
      case 'log':
        if (this.simulation.tracing) this.note(`${effect.event} ${JSON.stringify(effect.fields)}`);
        return;
      default:
    }
  }

  #invoke(effect: Extract<SessionEffect, { kind: 'invoke' }>): void {
    const server = this.simulation.servers[effect.slot];
    if (server === undefined || !this.calls.has(effect.call)) return;
    this.rpcs.get(effect.call)?.cancel();
    const rpc = new Rpc(this, server, effect);
    this.rpcs.set(effect.call, rpc);
    this.simulation.network.rpcs.push(rpc);
  }

  #answered(call: CallId, operation: Operation, outcome: Reply): void {
    const attempt = this.#takeAttempt(call);
    if (attempt === undefined) this.simulation.history.answer(operation, outcome);
    else attempt.answered(outcome);
  }

  #failed(call: CallId, operation: Operation, mayHaveTakenEffect: boolean): void {
    const attempt = this.#takeAttempt(call);
    if (attempt === undefined) this.simulation.history.fail(operation, mayHaveTakenEffect);
    else attempt.failed(mayHaveTakenEffect);
  }

  #takeAttempt(call: CallId): Attempt | undefined {
    const attempt = this.#attempts.get(call);
    this.#attempts.delete(call);
    return attempt;
  }

  #take(call: CallId): Operation | undefined {
    const operation = this.calls.get(call);
    this.calls.delete(call);
    return operation;
  }

  #takeStream(call: CallId): ClientStream | undefined {
    const stream = this.openStreams.get(call);
    this.openStreams.delete(call);
    return stream;
  }

  #checkTerm(what: Reply | StreamItem, name: string | undefined): void {
    demand(!this.#outdated.includes(what), () => `${this.name} delivers ${name} from a primary of an older term`);
  }

  #ended(clean: boolean): void {
    this.note(`ended${clean ? '' : ', not clean'}`);
    if (!clean) this.endedUnclean = true;
    for (const [call, operation] of this.calls) this.#failed(call, operation, true);
    this.calls.clear();
    for (const stream of this.openStreams.values()) stream.failed(true);
    this.openStreams.clear();
    this.core = undefined;
    this.#dropStreams(false);
  }
}

const describeCaller = ({ id, term, settledUpTo }: NestedCaller): string =>
  ` for a group, as ${id.orderNum}.${id.index} of term ${term}, settled up to ${settledUpTo}`;

interface Answers {
  readonly term: number;
  readonly outcomes: readonly (Outcome | StreamItem)[];
}

/** What a replica answers, and the term in whose name. */
function answersOf(event: SessionEvent): Answers | undefined {
  if (event.kind === 'rpcReply') return { term: event.header.header.term, outcomes: [event.outcome] };
  if (event.kind !== 'frame' || event.frame.kind !== 'replies') return undefined;
  const { header, replies, reads, items } = event.frame;
  const outcomes = [...replies, ...reads].map(({ outcome }) => outcome);
  const given = items.map(({ item }) => (item.kind === 'status' ? item.outcome : item));
  return { term: header.term, outcomes: [...outcomes, ...given] };
}
