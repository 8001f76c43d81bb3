import {
  type CallId,
  type ConnectionId,
  connectionId,
  type NestedCaller,
  type Reply,
  Session,
  type SessionEffect,
  type SessionEvent,
} from '@understudy/core/internal';
import { type Adapter, carryOut, hex32, sessionOf } from '@understudy/core/testing';
import { checkAsks } from '../../checks/asks.js';
import type { ApplicationCall, History } from '../../checks/history.js';
import type { Losses } from '../../checks/losses.js';
import { checkTurn } from '../../checks/turns.js';
import type { Watch } from '../../checks/watch.js';
import { Rpc, type RpcServer, type RpcWorld } from '../../network/rpc.js';
import type { SessionLink } from '../../network/session-link.js';
import type { Plan } from '../../plan/plan.js';
import { requestText } from '../../services/ledger.js';
import { type Opening, textOfItem } from '../../services/streamed.js';
import { ClientStream } from '../../streams/client-stream.js';
import type { Habits } from '../../streams/habits.js';
import type { StreamUseWorld } from '../../streams/stream-use.js';
import { Host, type HostWorld } from '../host.js';
import type { Attempt, CalledFor } from './attempt.js';
import { Terms } from './terms.js';

/** No run has more clients than this. */
const PROCESSES = 16;

/** The run around a client: it takes the client's effects and checks its steps. */
export interface ClientWorld extends HostWorld, RpcWorld, StreamUseWorld {
  readonly plan: Plan;
  readonly watch: Watch;
  readonly losses: Losses;
  readonly history: History;
  readonly servers: readonly RpcServer[];
  readonly network: RpcWorld['network'] & { readonly rpcs: Rpc[] };
  nextCall(): number;
}

/** A client's process with its adapter: one session after the other, each with a link to every replica. */
export class ClientHost extends Host {
  core: Session | undefined;
  /** The connection of its present session, or of its last one. */
  connection: ConnectionId = connectionId('session', hex32(0));
  /** The number of sessions so far. */
  generation = 0;
  readonly links: (SessionLink | undefined)[] = [];
  readonly rpcs = new Map<CallId, Rpc>();
  readonly calls = new Map<CallId, ApplicationCall>();
  readonly openStreams = new Map<CallId, ClientStream>();
  /** Streams of the present session, open or not. */
  streamsOpened = 0;
  gaveUp = 0;
  /** Whether it died and was not started again since. */
  dead = false;
  /** The number of its process: another one after each crash, unique in the run. */
  process: number;
  readonly deadProcesses: number[] = [];
  closing = false;
  endedUnclean = false;
  /** Calls that it makes for a group, which may send them more than once. */
  readonly #attempts = new Map<CallId, Attempt>();
  #drops: SessionLink[] = [];
  #terms = new Terms();
  readonly #world: ClientWorld;

  constructor(world: ClientWorld, name: string, index: number) {
    super(world, name, index);
    this.#world = world;
    this.process = index;
  }

  get alive(): boolean {
    return this.core !== undefined;
  }

  /** Whether its application may call now. If there is no session, the call begins one. */
  get mayCall(): boolean {
    return !this.dead && !this.paused;
  }

  /** Calls and streams are open. */
  get busy(): boolean {
    return this.calls.size + this.openStreams.size > 0;
  }

  // ── life and death ──────────────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    this.generation++;
    const { config, servers } = this.#world.plan;
    this.connection = sessionOf((this.index - servers + 1) * 100 + this.generation);
    this.#terms = new Terms();
    this.core = new Session({ connection: this.connection, slots: servers, config });
    this.closing = false;
    this.streamsOpened = 0;
    this.gaveUp = 0;
    this.#world.losses.sessionStarts(this);
  }

  crash(): void {
    this.#world.fault([this], 'crashes');
    this.dead = true;
    this.deadProcesses.push(this.process);
    this.core = undefined;
    this.#drops = [];
    this.#dropLinks(true);
    this.calls.clear();
    for (const attempt of this.#attempts.values()) attempt.failed(true);
    this.#attempts.clear();
    this.openStreams.clear();
  }

  /** Starts another process in its place, which knows nothing of the first. */
  restart(): void {
    this.note('starts again');
    this.dead = false;
    this.endedUnclean = false;
    this.process += PROCESSES;
    this.start();
  }

  #dropLinks(loseTail: boolean): void {
    const { choices } = this.#world;
    for (const link of [...this.links]) {
      if (link === undefined) continue;
      if (loseTail) link.toServer.break(choices.below(link.toServer.length + 1));
      link.endAtClient();
    }
    for (const rpc of this.rpcs.values()) rpc.cancel();
    this.rpcs.clear();
  }

  // ── what its application does ───────────────────────────────────────────────────────────────────────────────────

  call(operation: ApplicationCall, method: string, by?: CalledFor): void {
    if (this.core === undefined) this.start();
    const call = this.#world.nextCall() as CallId;
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
    this.gaveUp++;
    this.#failed(call, operation, true);
    this.step({ kind: 'cancel', call });
  }

  openStream(operation: ApplicationCall, opening: Opening, habits: Habits): void {
    if (this.core === undefined) this.start();
    const call = this.#world.nextCall() as CallId;
    const stream = new ClientStream(this.#world, this, call, operation, opening, habits);
    this.openStreams.set(call, stream);
    this.streamsOpened++;
    this.closing = false;
    this.note(`opens ${operation.name}, ${opening.kind}${opening.late ? ', late' : ''}`);
    this.step({ kind: 'openStream', call, request: stream.request });
  }

  cancelStream(stream: ClientStream): void {
    if (!this.openStreams.delete(stream.call)) return;
    this.note(`gives ${stream.name} up`);
    stream.fails(true);
    this.step({ kind: 'cancel', call: stream.call });
  }

  close(): void {
    if (this.busy || this.closing) return;
    this.closing = true;
    this.note('closes');
    this.step({ kind: 'close' });
  }

  // ── a step ──────────────────────────────────────────────────────────────────────────────────────────────────────

  step(event: SessionEvent): void {
    const { core } = this;
    if (core === undefined) return;
    const { watch } = this.#world;
    this.#terms.hear(event);
    const effects = core.step(event, this.clockMs);
    checkTurn(this.name, event.kind === 'flush', effects);
    for (const effect of effects) {
      carryOut(this.#adapter, effect);
      if (this.crashesHere()) return;
    }
    watch.afterClientStep(this, core.status.retained - core.heldReplies);
    for (const link of this.#drops.splice(0)) {
      link.endAtClient();
      this.step({ kind: 'linkDown', slot: link.server.index });
    }
  }

  readonly #adapter: Adapter<SessionEffect> = {
    send: ({ slot, frame }) => {
      const link = this.links[slot];
      if (link === undefined) return;
      checkAsks(this, link, frame);
      link.toServer.send(frame);
    },
    multicast: ({ slots, frame }) => {
      for (const slot of slots) this.links[slot]?.toServer.send(frame);
    },
    invoke: (effect) => this.#invoke(effect),
    item: ({ call, item, index }) => {
      const stream = this.openStreams.get(call);
      this.#terms.check(this.name, item, stream?.name);
      if (this.#world.tracing) this.note(`${stream?.name} << ${textOfItem(item)}`);
      stream?.given(item, index);
    },
    // No group opens streams in runs.
    partTaken: () => {},
    writable: ({ call }) => {
      const stream = this.openStreams.get(call);
      if (stream !== undefined) stream.mayWrite = true;
    },
    deliver: ({ call, reply }) => this.#deliver(call, reply),
    fail: ({ call, code, reason, mayHaveTakenEffect }) => {
      const stream = this.#takeStream(call);
      if (stream !== undefined) {
        this.note(`${stream.name} fails: ${code} ${reason}`);
        stream.fails(mayHaveTakenEffect);
        return;
      }
      const operation = this.#take(call);
      if (this.#world.tracing) this.note(`failed ${operation?.name}: ${code} ${reason}`);
      if (operation !== undefined) this.#failed(call, operation, mayHaveTakenEffect);
    },
    reconnect: ({ slot }) => {
      const link = this.links[slot];
      if (link !== undefined) this.#drops.push(link);
    },
    park: () => {},
    // The simulated group replicates every service.
    passOn: () => {},
    // The slots are the servers, so the client knows all of them.
    unreached: () => {},
    primary: () => {},
    settings: () => {},
    ended: ({ clean }) => this.#ended(clean),
    log: ({ event, fields }) => {
      if (this.#world.tracing) this.note(`${event} ${JSON.stringify(fields)}`);
    },
  };

  #invoke(effect: Extract<SessionEffect, { kind: 'invoke' }>): void {
    const server = this.#world.servers[effect.slot];
    if (server === undefined || !this.calls.has(effect.call)) return;
    this.rpcs.get(effect.call)?.cancel();
    const rpc = new Rpc(this.#world, this, server, effect);
    this.rpcs.set(effect.call, rpc);
    this.#world.network.rpcs.push(rpc);
  }

  #deliver(call: CallId, reply: Reply): void {
    const stream = this.#takeStream(call);
    if (stream !== undefined) {
      this.note(`${stream.name} ends`);
      this.#terms.check(this.name, reply, stream.name);
      stream.ended(reply);
      return;
    }
    const operation = this.#take(call);
    this.note(`delivered ${operation?.name}`);
    this.#terms.check(this.name, reply, operation?.name);
    if (operation !== undefined) this.#answered(call, operation, reply);
  }

  #answered(call: CallId, operation: ApplicationCall, outcome: Reply): void {
    const attempt = this.#takeAttempt(call);
    if (attempt === undefined) this.#world.history.answer(operation, outcome);
    else attempt.answered(outcome);
  }

  #failed(call: CallId, operation: ApplicationCall, mayHaveTakenEffect: boolean): void {
    const attempt = this.#takeAttempt(call);
    if (attempt === undefined) this.#world.history.fail(operation, mayHaveTakenEffect);
    else attempt.failed(mayHaveTakenEffect);
  }

  #takeAttempt(call: CallId): Attempt | undefined {
    const attempt = this.#attempts.get(call);
    this.#attempts.delete(call);
    return attempt;
  }

  #take(call: CallId): ApplicationCall | undefined {
    const operation = this.calls.get(call);
    this.calls.delete(call);
    return operation;
  }

  #takeStream(call: CallId): ClientStream | undefined {
    const stream = this.openStreams.get(call);
    this.openStreams.delete(call);
    return stream;
  }

  #ended(clean: boolean): void {
    this.note(`ended${clean ? '' : ', not clean'}`);
    if (!clean) this.endedUnclean = true;
    for (const [call, operation] of this.calls) this.#failed(call, operation, true);
    this.calls.clear();
    for (const stream of this.openStreams.values()) stream.fails(true);
    this.openStreams.clear();
    this.core = undefined;
    this.#dropLinks(false);
  }
}

const describeCaller = ({ id, term, settledUpTo }: NestedCaller): string =>
  ` for a group, as ${id.orderNum}.${id.index} of term ${term}, settled up to ${settledUpTo}`;
