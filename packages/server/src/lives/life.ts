/** One life of a replica, from joining its group to being deposed, removed or stopped. */
import { randomBytes } from 'node:crypto';
import { outside, realOf } from '@understudy/context';
import type {
  GroupRecord,
  Incarnation,
  Leadership,
  Logger,
  Member,
  ReplicaId,
  ReplicaStatus,
  UnderstudyError,
} from '@understudy/core';
import {
  type GroupConfig,
  methodSettings,
  type OperatorAsk,
  type Replica,
  type ReplicaEffect,
  unreachable,
} from '@understudy/core/internal';
import type { Arrival, StreamArrival } from '../capture/arrival.js';
import { ReadValues } from '../determinism/read-values.js';
import { Seeds } from '../determinism/seeds.js';
import { Executor } from '../execution/executor.js';
import { Calls } from '../intake/calls.js';
import { CallerNames } from '../intake/identity.js';
import type { AcceptedLink } from '../links/accepted-link.js';
import { IncomingPeerLinks } from '../links/incoming-peer-links.js';
import { OutgoingPeerLinks } from '../links/outgoing-peer-links.js';
import { Refusals } from '../links/refusals.js';
import { SessionLinks } from '../links/session-links.js';
import type { LifeLiveness } from '../liveness/life-liveness.js';
import { type EffectOf, EventLoop } from '../loop/event-loop.js';
import type { LifeEvents, LifeSetup } from './life-setup.js';
import { newCore } from './new-core.js';
import { RecordKeeper } from './record-keeper.js';
import { UserState } from './user-state.js';

/**
 * Effects that make something long-lived. The event that caused them may be one of a handler, whose timers and trace
 * must not reach what lasts longer.
 */
const LASTING: ReadonlySet<ReplicaEffect['kind']> = new Set([
  'changeRecord',
  'readRecord',
  'connectPeers',
  'takeCheckpoint',
  'drawState',
  'digestState',
  'restoreState',
  'rejoin',
  'stopped',
  'roleChanged',
]);

const OVER = 'this replica begins a new life; try again';

/** One life (incarnation) of a replica: one core, and everything that feeds it and carries out what it decides. */
export class Life {
  readonly member: Member;
  readonly #address: string;
  readonly #onPresence: () => void;
  #knowsRecord = false;
  /** Operators that wait for an answer, by the number of their request. */
  readonly #operators: ((problem: string | undefined) => void)[] = [];
  readonly #events: LifeEvents;
  readonly #logger: Logger;
  /** Logs refusals of clients. */
  readonly #refusals: Refusals;
  readonly #core: Replica;
  readonly #loop: EventLoop;
  readonly #sessions: SessionLinks;
  readonly #incomingPeers: IncomingPeerLinks;
  readonly #outgoingPeers: OutgoingPeerLinks;
  readonly #calls: Calls;
  readonly #executor: Executor;
  readonly #state: UserState;
  readonly #record: RecordKeeper;
  readonly #liveness: LifeLiveness | undefined;
  /** The status as of the last change of role, for questions about the role. */
  #role: ReplicaStatus;
  #touched = false;
  readonly #forgetClock: (() => void) | undefined;

  /**
   * @param fresh whether the user's state is as the process began
   * @param onPresence called when this life first knows a record, and when the coordinator may have lost its presence
   */
  constructor(setup: LifeSetup, fresh: boolean, onPresence: () => void) {
    const { id, address, peerAddress, config, coordinator, interceptors, registry, activity, trust, logger } = setup;
    const { events } = setup;
    const reached = { address, ...(peerAddress !== undefined && { peerAddress }) };
    this.member = { id, incarnation: realOf(randomBytes)(16).toString('hex') as Incarnation };
    this.#liveness = setup.liveness?.newLife(this.member);
    const liveness = this.#liveness;
    this.#address = address;
    this.#onPresence = onPresence;
    this.#events = events;
    this.#logger = logger;
    this.#refusals = new Refusals(logger);
    this.#core = newCore(setup, this.member, fresh, liveness !== undefined);
    this.#role = this.#core.status;
    const onFatal = (error: Error): void => events.fatal(error);
    const loop = new EventLoop({
      core: this.#core,
      batchMs: () => this.#core.config.batchMs,
      perform: (effect) => (LASTING.has(effect.kind) ? outside(() => this.#perform(effect)) : this.#perform(effect)),
      turned: liveness && (() => liveness.turned()),
      onFatal,
    });
    this.#loop = loop;
    const hello = { group: config.group, member: this.member, ...reached };
    const callers = new CallerNames(config.group, setup.callerSecrets);
    this.#sessions = new SessionLinks(loop, callers, this.#refusals, config.budgets.totalBytes);
    this.#incomingPeers = new IncomingPeerLinks({
      ...{ loop, hello, brings: this.#core.brings, trust, logger, liveness },
      onNamed: (peer) => this.#outgoingPeers.dialNow(peer),
      confirm: (record) => (record.epoch > this.#core.status.epoch ? this.#record.confirm(record) : undefined),
    });
    const onMismatch = (peer: ReplicaId, error: UnderstudyError): void => events.mismatch(peer, error);
    this.#outgoingPeers = new OutgoingPeerLinks({
      loop,
      hello,
      credentials: setup.peerCredentials,
      trust,
      liveness,
      logger,
      onMismatch,
    });
    this.#calls = new Calls({ loop, config, registry, callers });
    this.#executor = new Executor({
      loop,
      registry,
      calls: this.#calls,
      interceptors,
      activity,
      admissionsMax: config.queueMax,
      strays: setup.strays,
      seeds: new Seeds({ group: config.group, secret: () => this.#core.secret }),
      inGlobals: setup.inGlobals,
      onEffect: setup.onEffect,
      tracing: setup.tracing,
      waitsForOthers: waitsIn(config),
      timers: setup.timers,
      armedData: () => this.#core.armedData,
      readValues: setup.clock && new ReadValues(setup.clock, setup.inGlobals),
      logger,
    });
    this.#state = new UserState({
      ...{ loop, source: setup.state, activity, config, logger, measures: setup.measures, onFatal },
      onCopy: liveness && (() => liveness.copies()),
    });
    this.#forgetClock = setup.clock?.onMoved(() => loop.deliver({ kind: 'wake' }));
    this.#record = new RecordKeeper({
      ...{ loop, coordinator, logger, measures: setup.measures, onFatal, leaseMs: config.leaseMs },
      onForged: () => events.over('the coordinator never had the record of this life'),
      known: () => this.#core.status.epoch,
      onLost: onPresence,
    });
  }

  get status(): ReplicaStatus {
    const { status } = this.#core;
    const { waits } = this.#record;
    return waits === undefined ? status : { ...status, recordChange: waits };
  }

  /** The settings and the code that this replica brings along when it becomes primary. */
  get brings(): Leadership {
    return this.#core.brings;
  }

  /** Whether this life may have changed the user's state. */
  get touched(): boolean {
    return this.#touched;
  }

  /** Whether this replica takes calls, or holds them until it does. */
  get serves(): boolean {
    return !this.#loop.closed && (this.#role.role === 'primary' || this.#role.role === 'promoting');
  }

  /** The address to which calls should go; undefined if the primary is unknown. */
  get primaryAddress(): string | undefined {
    const { primary } = this.#core.status;
    return primary === this.member.id ? this.#address : this.#core.primaryAddress;
  }

  /**
   * How long a backup has callers wait whose calls it refuses for the first time while it has no link to the primary, which
   * then is most probably gone. A next one serves a lease later at the soonest, and a caller that tries again at once
   * uses up the five attempts that gRPC allows it before that.
   */
  get pushbackMs(): number | undefined {
    // Each term begins with a change of role, so the primary is the present one. A whole status would cost each refusal more.
    const { role, primary } = this.#role;
    if (role !== 'backup' || primary === undefined || this.#outgoingPeers.isUp(primary)) return undefined;
    return this.#core.config.leaseMs / 2;
  }

  /** @param record the group's record as the coordinator has it; undefined if there is none yet */
  begin(record: GroupRecord | undefined): void {
    this.#loop.start();
    this.#loop.dispatch({ kind: 'start', record });
    this.#record.watch();
  }

  onSessionLink(link: AcceptedLink): void {
    this.#sessions.accept(link);
  }

  onPeerLink(link: AcceptedLink): void {
    this.#incomingPeers.accept(link);
  }

  onCall(arrival: Arrival): void {
    this.#calls.accept(arrival);
  }

  onStream(arrival: StreamArrival): void {
    this.#calls.acceptStream(arrival);
  }

  /**
   * @param learnersMs how long the last replica in sync waits for others that are catching up
   * @param present replicas that are known to run
   */
  stepDown(learnersMs: number, present: readonly ReplicaId[]): void {
    this.#loop.dispatch({ kind: 'stepDown', learnersMs, present });
  }

  /** Calls that the application did not admit before may run now. */
  kick(): void {
    this.#loop.dispatch({ kind: 'kick' });
  }

  /** Whether this replica takes a plain client's calls of this method although it is not the primary. */
  answersReads(method: string): boolean {
    if (this.#loop.closed || this.#role.role !== 'backup') return false;
    return methodSettings(this.#core.config, method).readFrom === 'backup';
  }

  /** @returns why the request cannot be fulfilled, in a sentence; undefined if it is under way */
  operate(asks: OperatorAsk): Promise<string | undefined> {
    const request = this.#operators.length;
    const answered = new Promise<string | undefined>((resolve) => this.#operators.push(resolve));
    this.#loop.dispatch({ kind: 'operator', request, asks });
    return this.#loop.closed ? Promise.resolve(OVER) : answered;
  }

  /**
   * No replica that the record of this epoch counts as in sync runs, and the user wants the group to begin anew then.
   */
  groupGone(epoch: number): void {
    this.#loop.dispatch({ kind: 'groupGone', epoch });
  }

  /**
   * Ends everything that belongs to this life; frames that were sent on its links still leave.
   *
   * @returns resolves when they have left
   */
  async end(): Promise<void> {
    await Promise.all([this.#abandon(), this.#outgoingPeers.closeAll()]);
  }

  /** Ends this life as the death of the process would, as far as other processes can tell. */
  crash(): void {
    void this.#abandon();
    this.#outgoingPeers.crash();
  }

  #abandon(): Promise<void> {
    this.#loop.close();
    this.#forgetClock?.();
    this.#liveness?.end();
    for (const answer of this.#operators) answer(OVER);
    this.#state.close();
    this.#record.close();
    this.#executor.close();
    this.#calls.failAll();
    const left = this.#sessions.closeAll();
    this.#incomingPeers.closeAll();
    return left;
  }

  #perform(effect: ReplicaEffect): void {
    switch (effect.kind) {
      case 'sendToPeer':
        return this.#outgoingPeers.send(effect.peer, effect.frame, effect.bulk);
      case 'sendToSession':
        return this.#sessions.send(effect.link, effect.frame, effect.bulk);
      case 'delegate':
        if (this.#liveness !== undefined) this.#loop.dispatch(this.#liveness.delegate(effect.duty));
        return;
      case 'execute':
        this.#liveness?.processing(effect.task);
        return this.#executor.execute(effect);
      case 'answerCall':
        return this.#calls.answer(effect);
      case 'answerItem':
        return this.#calls.answerItem(effect.call, effect.item);
      case 'failCall':
        return this.#calls.fail(effect);
      case 'admit':
        return this.#executor.admit(effect);
      case 'passItem':
        return this.#executor.passItem(effect);
      case 'streamGone':
        return this.#executor.streamGone(effect);
      case 'streamMoved':
        return this.#executor.streamMoved(effect);
      case 'dropAdmission':
        return this.#executor.dropAdmission(effect);
      case 'sendNested':
        return this.#executor.sendNested(effect);
      case 'dropNested':
        return this.#executor.dropNested(effect);
      case 'dropTimer':
        return this.#executor.dropTimer(effect);
      case 'wakeAt':
        return this.#loop.wakeAt(effect.atMs);
      case 'abandonTask':
        return this.#executor.abandonTask(effect);
      case 'forgetHandlers':
        return this.#executor.forgetHandlers();
      case 'closeSession':
        void this.#sessions.close(effect.link);
        return;
      case 'pauseSessions':
        return this.#sessions.pause(effect.paused);
      case 'connectPeers':
        // Every record that the core takes in asks for links.
        if (!this.#knowsRecord) this.#onPresence();
        this.#knowsRecord = true;
        return this.#outgoingPeers.connect(effect.peers);
      case 'takeCheckpoint':
        return this.#state.checkpoint(effect);
      case 'busyHeard':
        return this.#state.heard(effect.peer);
      case 'drawState':
        return this.#state.draw(effect);
      case 'endCopy':
        return this.#state.endCopy(effect.copy);
      case 'digestState':
        return this.#state.digest(effect);
      case 'endDigest':
        return this.#state.endDigest();
      case 'restoreState':
        this.#touched = true;
        return this.#state.restore(effect);
      case 'changeRecord':
        return this.#record.change(effect);
      case 'answerOperator':
        return this.#operators[effect.request]?.(effect.problem);
      case 'readRecord':
        return this.#record.read();
      case 'roleChanged':
        return this.#onRole(effect.status);
      case 'versions':
        return this.#events.versionsChanged(this.status);
      case 'rejoin':
        return this.#events.over(effect.reason);
      case 'stopped':
        return this.#events.stopped(effect.handedOverTo);
      case 'log':
        return this.#log(effect);
      default:
        return unreachable(effect, 'replica effect');
    }
  }

  /** Clients can cause any number of warnings about their sessions, so those go through `Refusals`. */
  #log({ level, event, fields }: EffectOf<'log'>): void {
    const isOfClient = level === 'warn' && fields.connection !== undefined;
    (isOfClient ? this.#refusals : this.#logger).log(level, event, fields);
  }

  #onRole(status: ReplicaStatus): void {
    if (status.role !== 'joining' && status.role !== 'deposed') this.#touched = true;
    this.#role = status;
    if (!this.serves) this.#executor.forgetAdmissions();
    this.#events.roleChanged(status);
  }
}

function waitsIn(config: GroupConfig): (method: string) => boolean {
  if (!config.methods.some(({ waitsForOthers }) => waitsForOthers)) return () => false;
  const known = new Map<string, boolean>();
  return (method) => {
    let waits = known.get(method);
    if (waits === undefined) {
      waits = methodSettings(config, method).waitsForOthers;
      known.set(method, waits);
    }
    return waits;
  };
}
