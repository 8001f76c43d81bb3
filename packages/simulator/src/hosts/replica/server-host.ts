import {
  type CallId,
  type Incarnation,
  isInSync,
  type LinkId,
  type Member,
  type NestedId,
  type OrderInfo,
  type OrderNum,
  type Outcome,
  Replica,
  type ReplicaEffect,
  type ReplicaEvent,
  type ReplicaId,
  type ReplicaStatus,
  type ReplyFrame,
  type Request,
  replyOf,
  STREAMED,
  type StreamPart,
  seqNumOf,
  type Task,
} from '@understudy/core';
import { describeEffect, hashText, hex32, textOf } from '@understudy/core/testing';
import type { PlainStream } from '../../applications/streams/plain-stream.js';
import { type Operation, REFUSED } from '../../checks/history.js';
import { checkNacks } from '../../checks/nacks.js';
import type { Rpc } from '../../network/rpc.js';
import type { Act, PeerStream, SessionStream } from '../../network/streams.js';
import { Ledger, readRequest } from '../../services/ledger.js';
import type { Simulation } from '../../simulation.js';
import { demand } from '../../violation.js';
import { Host } from '../host.js';
import { NestedHandlers, type Step } from './nested-handlers.js';
import { StreamHandlers } from './stream-handlers.js';

/** A handler that goes on by itself takes up to this long each time. */
const SOON_MS = 40;

/** Who waits for a call at a replica. */
type Caller = { readonly rpc: Rpc } | { readonly plain: Operation } | { readonly stream: PlainStream };

type OrderedTask = Extract<Task, { kind: 'ordered' }>;
type Executed = Extract<ReplicaEvent, { kind: 'executed' }>;

/** Something that the adapter of a replica does, and then tells the core. */
class Job implements Act {
  readonly server: ServerHost;
  readonly readyAtMs: number;
  readonly task: Task | undefined;
  readonly #do: () => void;

  constructor(server: ServerHost, readyAtMs: number, task: Task | undefined, run: () => void) {
    this.server = server;
    this.readyAtMs = readyAtMs;
    this.task = task;
    this.#do = run;
  }

  act(): void {
    this.server.jobs = this.server.jobs.filter((other) => other !== this);
    this.#do();
  }
}

/** A replica with its adapter: carries out what the core says, on the virtual network. */
export class ServerHost extends Host {
  lives = 0;
  core: Replica | undefined;
  member: Member;
  status: ReplicaStatus | undefined;
  service: Ledger;
  /** Of open streams, in this life. */
  handlers: StreamHandlers;
  /** That asked another service for something, in this life. */
  nested: NestedHandlers;
  jobs: Job[] = [];
  /** In this life, by order: the operation that was processed, and the core's digest after it where known. */
  processed: string[] = [];
  digests: string[] = [];
  stableMarked = 0;
  /** The last order that a handler was run for. */
  lastOrder = 0;
  readonly streams = new Map<LinkId, SessionStream>();
  readonly peerStreams: (PeerStream | undefined)[] = [];
  wantedPeers: readonly string[] = [];
  wantsRecord = false;
  sessionsPaused = false;
  withoutCoordinatorUntilMs = 0;
  /** Handlers that begin now end then at the earliest. */
  handlersBusyUntilMs = 0;
  /** The next handler of this life comes to another outcome than it should. */
  diverges = false;
  /** It said so itself, in this life. */
  noticedDivergence = false;
  #stepsDownSinceMs = Number.POSITIVE_INFINITY;
  /** The last order that it had given as primary when it was told to step down. */
  handsOverFrom: OrderNum | undefined;
  /** Its start waits for the coordinator. */
  starting = false;
  #again: string | undefined;
  #stopped = false;
  #calls = new Map<CallId, Caller>();
  /** Calls that interceptors let pass, and that no handler has been run for. */
  #admitted = new Set<number>();

  constructor(simulation: Simulation, name: string, index: number) {
    super(simulation, name, index);
    this.member = this.#memberOf(0);
    this.service = new Ledger(simulation.plan.workload);
    this.handlers = new StreamHandlers(this);
    this.nested = new NestedHandlers(this);
  }

  get alive(): boolean {
    return this.core !== undefined;
  }

  /** The adapter takes no streams before the core has its first event. */
  override get runs(): boolean {
    return super.runs && !this.starting;
  }

  readsNothing(from: Host): boolean {
    return this.sessionsPaused && !(from instanceof ServerHost);
  }

  #memberOf(life: number): Member {
    return { id: this.name as ReplicaId, incarnation: hex32(hashText(this.name) + life) as Incarnation };
  }

  /** The process starts, or begins another life with nothing. */
  start(): void {
    this.lives++;
    this.member = this.#memberOf(this.lives);
    const { config, admits } = this.simulation.plan;
    this.core = new Replica({ member: this.member, address: this.name, config, admits });
    this.status = undefined;
    this.service = new Ledger(this.simulation.plan.workload);
    this.handlers = new StreamHandlers(this);
    this.nested = new NestedHandlers(this);
    this.jobs = [];
    this.processed = [];
    this.digests = [];
    this.stableMarked = 0;
    this.lastOrder = 0;
    this.#stepsDownSinceMs = Number.POSITIVE_INFINITY;
    this.handsOverFrom = undefined;
    this.wantedPeers = [];
    this.wantsRecord = false;
    this.sessionsPaused = false;
    this.handlersBusyUntilMs = 0;
    this.diverges = false;
    this.noticedDivergence = false;
    this.starting = true;
    this.#stopped = false;
    this.#calls = new Map();
    this.#admitted = new Set();
    this.note(`starts life ${this.lives}`);
  }

  stepDown(): void {
    this.#stepsDownSinceMs = Math.min(this.#stepsDownSinceMs, this.clockMs);
    if (this.status?.role === 'primary') this.handsOverFrom ??= this.status.heldUpTo;
    this.step({ kind: 'stepDown' });
  }

  /** By its own clock. A primary that hands over waits three leases at most for everything to become stable. */
  get hadTimeToHandOver(): boolean {
    return this.clockMs - this.#stepsDownSinceMs < 3 * this.simulation.plan.config.leaseMs;
  }

  /** The coordinator was read. */
  begin(): void {
    this.starting = false;
    this.step({ kind: 'start', record: this.simulation.coordinator.record });
  }

  /** The process ends, whatever it was doing. */
  crash(): void {
    this.simulation.fault([this], 'crashes');
    this.core = undefined;
    this.#again = undefined;
    this.#stopped = false;
    this.jobs = [];
    this.#dropEverything();
  }

  #dropEverything(): void {
    const { choices } = this.simulation;
    for (const stream of [...this.streams.values()]) {
      stream.toClient.break(choices.below(stream.toClient.frames.length + 1));
      stream.endAtServer();
    }
    this.simulation.network.breakPeerStreams(this);
    for (const caller of this.#calls.values()) {
      if ('plain' in caller) this.simulation.applications.plainLost(caller.plain);
      else if ('stream' in caller) caller.stream.lost();
    }
    this.#calls.clear();
  }

  newCall(caller: Caller): CallId {
    const call = this.simulation.nextCall() as CallId;
    this.#calls.set(call, caller);
    return call;
  }

  step(event: ReplicaEvent): void {
    const { core } = this;
    if (core === undefined) return;
    const effects = core.step(event, this.clockMs);
    this.simulation.watch.turn(this.name, event.kind === 'flush', effects);
    this.simulation.watch.reflected(this, event, effects);
    for (const effect of effects) {
      this.#carryOut(effect);
      if (this.crashesHere()) return;
    }
    this.status = core.status;
    this.simulation.watch.afterStep(this, this.status);
    if (this.#stopped) {
      this.crash();
    } else if (this.#again !== undefined) {
      this.#again = undefined;
      this.#dropEverything();
      this.start();
    }
  }

  #carryOut(effect: ReplicaEffect): void {
    if (this.simulation.tracing) {
      const line = describeEffect(effect, this.simulation.callNames);
      if (line !== undefined) this.note(line);
    }
    switch (effect.kind) {
      case 'sendToPeer':
        if (effect.frame.kind === 'announce') {
          for (const info of effect.frame.orders) this.simulation.watch.order(info);
          this.simulation.watch.announces(this, effect.frame.orders);
        }
        return this.#peerStream(effect.peer)?.send(effect.frame);
      case 'sendToSession':
        if (effect.frame.kind === 'replies') {
          for (const info of effect.frame.header.sourceOrderInfo) this.simulation.watch.order(info);
          this.simulation.losses.left(effect.frame.header.sourceOrderInfo);
        }
        return this.#sendToSession(this.streams.get(effect.link), effect.frame);
      case 'closeSession':
        return this.streams.get(effect.link)?.endAtServer();
      case 'answerCall': {
        const waiting = this.#calls.get(effect.call);
        if (waiting !== undefined && 'stream' in waiting) return waiting.stream.opened(effect.outcome);
        const caller = this.#take(effect.call);
        if (effect.header !== undefined) this.simulation.losses.left(effect.header.header.sourceOrderInfo);
        if (caller === undefined) return;
        if ('stream' in caller) return;
        if ('plain' in caller) this.simulation.applications.plainAnswered(caller.plain, replyOf(effect.outcome));
        else if (effect.header !== undefined) caller.rpc.answered(effect.header, effect.outcome);
        else demand(false, () => `${this.name} answers a session's call without a header`);
        return;
      }
      case 'answerItem': {
        const caller = this.#calls.get(effect.call);
        if (caller !== undefined && 'stream' in caller) caller.stream.item(effect.item);
        return;
      }
      case 'failCall': {
        const caller = this.#take(effect.call);
        if (caller === undefined) return;
        if ('stream' in caller) return caller.stream.refused(effect.code);
        if ('plain' in caller) this.simulation.applications.plainFailed(caller.plain, effect.code);
        else caller.rpc.refused();
        return;
      }
      case 'admit':
        return this.#later(undefined, () => this.#admit(effect.admission, effect.request));
      case 'passItem': {
        const { connection, stream, index, item } = effect;
        return this.#later(undefined, () => this.step({ kind: 'itemPassed', connection, stream, index, item }));
      }
      case 'execute':
        if (effect.admission !== undefined) this.#admissionEnds(effect.admission);
        return this.#execute(effect.task);
      case 'dropAdmission':
        return this.#admissionEnds(effect.admission);
      case 'abandonTask':
        return this.#abandon(effect.task);
      case 'sendNested':
        return this.simulation.callee?.called(this, effect.caller);
      case 'takeCheckpoint':
        return this.#later(undefined, () => this.step({ kind: 'checkpointTaken', state: this.service.checkpoint() }));
      case 'restoreState':
        return this.#later(undefined, () => {
          this.service.restore(effect.state);
          this.handlers.clear();
          this.nested = new NestedHandlers(this);
          this.step({ kind: 'restored' });
        });
      case 'changeRecord':
        return this.simulation.coordinator.submit(this, effect.next, effect.reason);
      case 'readRecord':
        this.wantsRecord = true;
        return;
      case 'connectPeers':
        this.wantedPeers = effect.peers.map(({ id }) => id);
        return;
      case 'pauseSessions':
        this.sessionsPaused = effect.paused;
        return;
      case 'rejoin':
        this.#mayGo(effect.reason);
        this.#again = effect.reason;
        return;
      case 'stopped':
        demand(this.#stepsDownSinceMs !== Number.POSITIVE_INFINITY, () => `${this.name} stops, and nobody told it to`);
        this.#stopped = true;
        return;
      case 'log':
        if (effect.event === 'UNDERSTUDY_DIVERGED') this.#onDivergence(effect.fields);
        if (effect.event === 'UNDERSTUDY_ORDER_LOST') this.#onLoss(effect.fields);
        return;
      default:
    }
  }

  /** Promise 3: whoever is in sync keeps what it holds until it dies, or is told to go. */
  #mayGo(reason: string): void {
    const { record } = this.simulation.coordinator;
    const counts = record !== undefined && isInSync(record, this.member);
    demand(!counts, () => `${this.name} is in sync and begins another life: ${reason}`);
  }

  #sendToSession(stream: SessionStream | undefined, frame: ReplyFrame): void {
    if (stream === undefined) return;
    this.simulation.sessions.told(this, stream, frame);
    checkNacks(this, stream, frame);
    stream.toClient.frames.push(frame);
  }

  #onDivergence(fields: Extract<ReplicaEffect, { kind: 'log' }>['fields']): void {
    demand(this.simulation.mayDiverge, () => `${this.name}: ${JSON.stringify(fields)} diverged`);
    // A primary tells of others.
    if (fields.peer === undefined) this.noticedDivergence = true;
  }

  #onLoss({ hole }: Extract<ReplicaEffect, { kind: 'log' }>['fields']): void {
    const { watch, losses } = this.simulation;
    losses.calledLost(this, Number(hole), watch.ordersAt(Number(hole)));
  }

  #peerStream(id: ReplicaId): PeerStream | undefined {
    return this.peerStreams.find((stream) => stream?.to.name === id);
  }

  #take(call: CallId): Caller | undefined {
    const caller = this.#calls.get(call);
    this.#calls.delete(call);
    return caller;
  }

  #later(task: Task | undefined, run: () => void, withinMs = this.simulation.plan.handlerMs): void {
    const { choices, nowMs } = this.simulation;
    const delayMs = withinMs > 0 && choices.chance(0.5) ? choices.below(withinMs) : 0;
    this.jobs.push(new Job(this, Math.max(nowMs + delayMs, this.handlersBusyUntilMs), task, run));
  }

  /** The interceptors refuse some calls; a stream that they let open they let pass. */
  #admit(admission: number, { message, stream }: Request): void {
    const opens = stream === undefined || stream.kind === 'open';
    if (opens && hashText(readRequest(message).name) % 8 === 0)
      this.step({ kind: 'refused', admission, outcome: REFUSED });
    else {
      this.#admitted.add(admission);
      this.step({ kind: 'admitted', admission });
    }
  }

  /** Its handler is run, or never will be: the interceptors hear of either, once. */
  #admissionEnds(admission: number): void {
    demand(
      this.#admitted.delete(admission),
      () => `${this.name} goes on with a call that did not pass, or did so before`,
    );
  }

  /** The group goes on without this handler's outcome; who called it may never hear. */
  #abandon(task: Task): void {
    this.jobs = this.jobs.filter((job) => job.task !== task);
    const operation = this.simulation.history.byName.get(readRequest(task.request.message).name);
    if (operation !== undefined) operation.stuck = true;
  }

  #execute(task: Task): void {
    const { name, input } = readRequest(task.request.message);
    if (task.kind === 'ordered') this.#inOrder(task.info);
    if (this.simulation.history.byName.get(name)?.stuck) return;
    this.#later(task, () => this.#finish(task, name, input));
  }

  /** DESIGN 7.2: what comes later in the order is processed later. */
  #inOrder(info: OrderInfo): void {
    this.simulation.watch.order(info);
    const { lastOrder, name } = this;
    demand(info.orderNum > lastOrder, () => `${name} processes order ${info.orderNum} after ${lastOrder}`);
    this.lastOrder = info.orderNum;
  }

  #finish(task: Task, name: string, input: string): void {
    if (task.kind === 'read') {
      const outcome = this.service.look(input);
      this.step({ kind: 'executed', task, outcome, digest: hashText(textOf(outcome.message)), outputs: [] });
      return;
    }
    const { stream, reply } = task.request;
    if (stream !== undefined) return this.#finishPart(task, stream, name);
    if (reply !== undefined) return this.#ends(task, this.nested.deliver(task, reply), STREAMED);
    this.processes(name);
    const step = this.nested.begin(task, name, input);
    this.#ends(task, step, step.outcome);
  }

  #ends(task: OrderedTask, { finished, by, ran }: Step, outcome: Outcome): void {
    this.processed[task.info.orderNum] = by;
    const outputs = ran === undefined ? [] : this.handlers.tellAll(ran.name, ran.answer);
    const made = this.nested.takeMade();
    const digest = hashText([ran?.answer ?? by, ...this.#textsOf(made)].join()) ^ this.#difference(task);
    this.#callsThenEnds(task, made, { kind: 'executed', task, outcome, digest, outputs, finished });
  }

  #textsOf(made: readonly NestedId[]): readonly string[] {
    return made.map((id) => this.nested.textOf(id) ?? '');
  }

  /**
   * Each call is told of as it is made; something else may happen before the next, and before the end of the step, unless
   * streams would go on behind what they are sent with it.
   */
  #callsThenEnds(task: OrderedTask, [id, ...later]: readonly NestedId[], end: Executed): void {
    if (id === undefined) return this.step(end);
    const { nested } = this;
    this.step({ kind: 'nestedCall', id });
    // Another life began meanwhile.
    if (this.nested !== nested) return;
    const goOn = () => this.#callsThenEnds(task, later, end);
    if (end.outputs?.length !== 0 || this.simulation.choices.chance(0.5)) goOn();
    else this.#later(task, goOn);
  }

  #finishPart(task: OrderedTask, part: StreamPart, name: string): void {
    const { connection, orderNum } = task.info;
    const seqNum = seqNumOf(task.info);
    this.processed[orderNum] = this.handlers.nameOf(connection, seqNum, part) ?? name;
    const outputs = this.handlers.deliver(task, part);
    const made = this.nested.takeMade();
    const asked = made.length === 0 ? 0 : hashText(this.#textsOf(made).join());
    const digest = asked ^ this.#difference(task);
    this.#callsThenEnds(task, made, { kind: 'executed', task, outcome: STREAMED, digest, outputs });
  }

  /** DESIGN 7.1. What a deposed primary does is thrown away with it. */
  processes(name: string): void {
    demand(
      this.#isOutdated || !this.service.operations.includes(name),
      () => `${this.name} processes ${name} a second time, after order ${this.lastOrder}`,
    );
  }

  /** A handler does something by itself, soon. */
  goOnLater(run: () => void, withinMs = SOON_MS): void {
    this.#later(undefined, run, withinMs);
  }

  /** The RPC of a stream is over. */
  forgetCall(call: CallId): void {
    this.#calls.delete(call);
  }

  get #isOutdated(): boolean {
    return (this.status?.term ?? 0) < (this.simulation.coordinator.record?.term ?? 0);
  }

  #difference(task: Task): number {
    if (!this.diverges || task.kind !== 'ordered') return 0;
    this.diverges = false;
    return 1;
  }

  /** What this replica processed up to there can never be lost any more. */
  markStable(upTo: OrderNum): void {
    for (; this.stableMarked < upTo; this.stableMarked++) {
      const name = this.processed[this.stableMarked + 1];
      if (name !== undefined) this.simulation.history.stable(name);
    }
  }
}
