import type { GroupRecord, Leadership, Member, OrderNum, ReplicaId } from '@understudy/core';
import {
  type CallId,
  isInSync,
  type LinkId,
  type Replica,
  type ReplicaEffect,
  type ReplicaEvent,
  type ReplicaProgress,
  type ReplyFrame,
} from '@understudy/core/internal';
import { type Adapter, carryOut, contentOf, describeEffect, memberOf, VirtualThread } from '@understudy/core/testing';
import type { Losses } from '../../checks/losses.js';
import { checkNacks } from '../../checks/nacks.js';
import type { Sessions } from '../../checks/sessions.js';
import { checkTurn } from '../../checks/turns.js';
import type { Watch } from '../../checks/watch.js';
import type { Caller } from '../../network/caller.js';
import type { Network } from '../../network/network.js';
import type { PeerLink } from '../../network/peer-link.js';
import type { SessionLink } from '../../network/session-link.js';
import type { Plan } from '../../plan/plan.js';
import { demand } from '../../violation.js';
import { Host, type HostWorld } from '../host.js';
import { bringsOf, drawBuild } from '../upgrade/build.js';
import { Acknowledged } from './acknowledged.js';
import { Admissions } from './admissions.js';
import { Callers } from './callers.js';
import { Deaths } from './deaths.js';
import { Jobs, type JobsWorld } from './jobs.js';
import { Life, type LifeWorld } from './life.js';
import { type NestedSendingWorld, sendNested } from './nested-sending.js';
import { newCore } from './new-core.js';
import { StateJobs } from './state-jobs.js';

/** The fields of a log record. */
type LogFields = Extract<ReplicaEffect, { kind: 'log' }>['fields'];

/** The run around a replica: it takes the replica's effects and checks its steps. */
export interface ServerWorld extends HostWorld, JobsWorld, LifeWorld, NestedSendingWorld<ServerHost> {
  readonly plan: Plan;
  readonly watch: Watch;
  readonly losses: Losses;
  readonly sessions: Sessions;
  readonly network: Pick<Network, 'breakPeerLinks' | 'reach'>;
  readonly coordinator: {
    readonly record: GroupRecord | undefined;
    readonly stored: GroupRecord | undefined;
    submit(server: ServerHost, next: GroupRecord, reason: string, putsBack?: boolean): void;
  };
  /** Its handlers may come to other outcomes than those of the other replicas. */
  readonly mayDiverge: boolean;
  /** For the trace: calls that replicas answer, by number. */
  readonly callNames: ReadonlyMap<number, string>;
  nextCall(): number;
}

/** How long the last replica in sync waits for learners when it is told to stop, in leases. */
const LEARNERS_LEASES = 10;

/** A replica with its adapter: carries out what the core says, on the virtual network. */
export class ServerHost extends Host {
  lives = 0;
  /** Its liveness thread; undefined if the run has none. */
  thread: VirtualThread | undefined;
  /** The time until which its main thread is blocked. */
  blockedUntilMs = 0;
  readonly acknowledged = new Acknowledged();
  core: Replica | undefined;
  member: Member;
  status: ReplicaProgress | undefined;
  life: Life;
  readonly jobs: Jobs;
  readonly sessionLinks = new Map<LinkId, SessionLink>();
  readonly peerLinks: (PeerLink | undefined)[] = [];
  wantedPeers: readonly string[] = [];
  brings: Leadership;
  wantsRecord = false;
  sessionsPaused = false;
  withoutCoordinatorUntilMs = 0;
  /** Whether it reported in this life that it differs. */
  noticedDivergence = false;
  #stepsDownSinceMs = Number.POSITIVE_INFINITY;
  /** The last order that it had given as primary when it was told to step down. */
  handsOverFrom: OrderNum | undefined;
  /** Its start waits for the coordinator. */
  starting = false;
  /** The time, by its own clock, at which its core wants to be woken. */
  #wakeAtMs = Number.POSITIVE_INFINITY;
  /** The number of the last loss of the record that it was told of. */
  toldLoss = 0;
  readonly deaths: Deaths;
  #again: string | undefined;
  #stopped = false;
  #admissions: Admissions;
  #states: StateJobs;
  readonly #callers = new Callers();
  readonly #world: ServerWorld;

  constructor(world: ServerWorld, name: string, index: number) {
    super(world, name, index);
    this.#world = world;
    this.member = memberOf(name, 0);
    this.brings = bringsOf({ config: world.plan.config, version: '' });
    this.jobs = new Jobs(world);
    this.#admissions = new Admissions(name);
    this.#states = new StateJobs(this, world.plan.copies);
    this.deaths = new Deaths(world, this);
    this.life = new Life(world, this);
  }

  get alive(): boolean {
    return this.core !== undefined;
  }

  /** Its process takes steps; its main thread may be blocked. */
  get threadRuns(): boolean {
    return this.alive && !super.paused;
  }

  override get paused(): boolean {
    return super.paused || this.#world.nowMs < this.blockedUntilMs;
  }

  /** Time has passed: the core first takes in what the liveness thread heard. */
  tick(): void {
    const heard = this.thread?.take();
    if (heard !== undefined) this.step(heard);
    if (this.runs && this.clockMs >= this.#wakeAtMs) {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.step({ kind: 'wake' });
    }
    if (this.runs) this.step({ kind: 'tick' });
  }

  /** The adapter takes no links before the core has its first event. */
  override get runs(): boolean {
    return super.runs && !this.starting;
  }

  // ── life and death ──────────────────────────────────────────────────────────────────────────────────────────────

  /** The process starts, or begins another life from nothing. */
  start(): void {
    this.deaths.restartsAtMs = Number.POSITIVE_INFINITY;
    this.lives++;
    this.member = memberOf(this.name, this.lives);
    const { threads } = this.#world.plan;
    const { config, version } = drawBuild(this.#world.plan, this.#world.choices);
    this.brings = bringsOf({ config, version });
    this.thread = threads && new VirtualThread();
    this.acknowledged.clear();
    this.core = newCore(this.#world, this, { config, version });
    this.status = undefined;
    this.life = new Life(this.#world, this);
    this.#admissions = new Admissions(this.name);
    this.#states = new StateJobs(this, this.#world.plan.copies);
    this.jobs.clear();
    this.jobs.busyUntilMs = 0;
    this.#stepsDownSinceMs = Number.POSITIVE_INFINITY;
    this.handsOverFrom = undefined;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.wantedPeers = [];
    this.wantsRecord = false;
    this.sessionsPaused = false;
    this.noticedDivergence = false;
    this.starting = true;
    this.#stopped = false;
    this.note(`starts life ${this.lives}`);
  }

  /** The coordinator was read. */
  begin(): void {
    this.starting = false;
    this.step({ kind: 'start', record: this.#world.coordinator.stored });
  }

  /** The process ends, whatever it was doing. */
  crash(): void {
    this.#world.fault([this], 'crashes');
    this.core = undefined;
    this.blockedUntilMs = 0;
    this.#again = undefined;
    this.#stopped = false;
    this.jobs.clear();
    this.#dropEverything();
  }

  #dropEverything(): void {
    const { choices, network } = this.#world;
    for (const link of [...this.sessionLinks.values()]) {
      link.toClient.break(choices.below(link.toClient.length + 1));
      link.endAtServer();
    }
    network.breakPeerLinks(this);
    this.#callers.loseAll();
  }

  stepDown(): void {
    this.#stepsDownSinceMs = Math.min(this.#stepsDownSinceMs, this.clockMs);
    if (this.status?.role === 'primary') this.handsOverFrom ??= this.status.heldUpTo;
    this.step({ kind: 'stepDown', learnersMs: LEARNERS_LEASES * this.#world.plan.config.leaseMs });
  }

  /** Whether, by its own clock, a primary that hands over is within the three leases that it waits for stability. */
  get hadTimeToHandOver(): boolean {
    return this.clockMs - this.#stepsDownSinceMs < 3 * this.#world.plan.config.leaseMs;
  }

  // ── calls that come as RPCs ─────────────────────────────────────────────────────────────────────────────────────

  newCall(caller: Caller): CallId {
    const call = this.#world.nextCall() as CallId;
    this.#callers.add(call, caller);
    return call;
  }

  /** The RPC of a stream is over. */
  forgetCall(call: CallId): void {
    this.#callers.take(call);
  }

  // ── a step ──────────────────────────────────────────────────────────────────────────────────────────────────────

  step(event: ReplicaEvent): void {
    const { core } = this;
    if (core === undefined) return;
    const { watch } = this.#world;
    const effects = core.step(event, this.clockMs);
    checkTurn(this.name, event.kind === 'flush', effects);
    watch.reflected(this, event, effects);
    for (const effect of effects) {
      this.#tell(effect);
      this.deaths.steps = true;
      carryOut(this.#adapter, effect);
      this.deaths.steps = false;
      if (this.crashesHere()) return;
    }
    const status = core.progress;
    this.#noteLingering(status);
    this.status = status;
    watch.afterStep(this, status, event.kind);
    if (this.#stopped) return this.crash();
    if (this.#again === undefined) return;
    this.#again = undefined;
    this.#dropEverything();
    this.start();
  }

  /** While it goes on for a learner it does not hand over yet. */
  #noteLingering({ leaving, heldUpTo }: ReplicaProgress): void {
    if (leaving === undefined && this.status?.leaving === undefined) return;
    this.#stepsDownSinceMs = this.clockMs;
    this.handsOverFrom = heldUpTo;
  }

  #tell(effect: ReplicaEffect): void {
    if (!this.#world.tracing) return;
    const line = describeEffect(effect, this.#world.callNames);
    if (line !== undefined) this.note(line);
  }

  readonly #adapter: Adapter<ReplicaEffect> = {
    sendToPeer: ({ peer, frame, bulk }) => {
      if (bulk) this.jobs.later(undefined, () => this.step({ kind: 'peerSent', peer }));
      const { watch } = this.#world;
      if (frame.kind === 'announce') {
        for (const info of frame.orders) watch.order(info);
        watch.announces(this, frame.orders);
      }
      if (frame.kind === 'ack') this.acknowledged.note(frame.term, frame.heartbeatMs);
      this.#peerLink(peer)?.send(frame);
    },
    sendToSession: ({ link, frame, bulk }) => {
      if (bulk) this.jobs.later(undefined, () => this.step({ kind: 'sessionSent', link }));
      const { watch, losses } = this.#world;
      if (frame.kind === 'replies') {
        const orders = contentOf(frame.header.sourceOrderInfo);
        for (const info of orders) watch.order(info);
        losses.left(orders);
      }
      this.#sendToSession(this.sessionLinks.get(link), frame);
    },
    closeSession: ({ link }) => this.sessionLinks.get(link)?.endAtServer(),
    answerCall: ({ call, outcome, header }) => {
      const caller = this.#callers.answered(call);
      if (header !== undefined) this.#world.losses.left(contentOf(header.header.sourceOrderInfo));
      caller?.answered(outcome, header);
    },
    answerItem: ({ call, item }) => this.#callers.stream(call)?.item(item),
    failCall: ({ call, code }) => this.#callers.take(call)?.failed(code),
    admit: ({ admission, request }) =>
      this.jobs.later(undefined, () => this.step(this.#admissions.judge(admission, request))),
    passItem: ({ connection, stream, index, item }) =>
      this.jobs.later(undefined, () => this.step({ kind: 'itemPassed', connection, stream, index, item })),
    // No group opens streams in runs, so none moves.
    ...{ streamGone: () => {}, streamMoved: () => {} },
    execute: ({ admission, task }) => {
      if (admission !== undefined) this.#admissions.end(admission);
      this.life.execute(task);
    },
    dropAdmission: ({ admission }) => this.#admissions.end(admission),
    sendNested: ({ caller, again }) => sendNested(this.#world, this, caller, again),
    dropNested: ({ id }) => this.life.nested.drop(id),
    dropTimer: ({ id }) => this.life.timed.drop(id),
    wakeAt: ({ atMs }) => {
      if (this.#world.plan.timers?.agenda !== undefined) this.#wakeAtMs = atMs;
    },
    abandonTask: ({ task }) => this.life.abandon(task),
    forgetHandlers: () => {
      this.jobs.clear();
      this.life.forgetHandlers();
    },
    takeCheckpoint: (effect) => this.#states.take(effect),
    drawState: (effect) => this.#states.draw(effect),
    busyHeard: () => {},
    endCopy: ({ copy }) => this.#states.end(copy),
    digestState: (effect) => {
      this.life.takesDigest(effect.orderNum, this.core?.status);
      this.#states.digest(effect);
    },
    endDigest: () => this.#states.endDigest(),
    restoreState: (effect) => this.#states.restore(effect),
    changeRecord: ({ next, reason, putsBack }) => this.#world.coordinator.submit(this, next, reason, putsBack),
    answerOperator: () => {},
    delegate: ({ duty }) => {
      const answer = this.thread?.delegate(duty);
      if (answer !== undefined) this.jobs.later(undefined, () => this.step(answer));
    },
    readRecord: () => {
      this.wantsRecord = true;
    },
    connectPeers: ({ peers }) => {
      this.wantedPeers = peers.map(({ id }) => id);
    },
    pauseSessions: ({ paused }) => {
      this.sessionsPaused = paused;
    },
    roleChanged: () => {},
    versions: () => {},
    rejoin: ({ reason }) => {
      this.#mayGo(reason);
      this.#again = reason;
    },
    stopped: () => {
      demand(this.#stepsDownSinceMs !== Number.POSITIVE_INFINITY, () => `${this.name} stops, and nobody told it to`);
      this.#stopped = true;
    },
    log: ({ event, fields }) => {
      if (event === 'UNDERSTUDY_DIVERGED') this.#onDivergence(fields);
      if (event === 'UNDERSTUDY_ORDER_LOST') this.#onLoss(fields);
    },
  };

  /** The user's function blocks this process, once the frames that were sent before have left it. */
  blockLater(): void {
    const { choices, plan, nowMs } = this.#world;
    const { blockMs } = plan.copies;
    if (blockMs === 0 || choices.chance(0.5)) return;
    const forMs = choices.between(0.1 * blockMs, blockMs);
    this.#world.fault([this], `is blocked for ${forMs.toFixed(0)} ms`);
    this.pausedUntilMs = nowMs + forMs;
  }

  readonly isLinkedTo = (peer: ReplicaId): boolean => this.#peerLink(peer)?.broken === false;

  #peerLink(id: ReplicaId): PeerLink | undefined {
    return this.peerLinks.find((link) => link?.to.name === id);
  }

  #sendToSession(link: SessionLink | undefined, frame: ReplyFrame): void {
    if (link === undefined) return;
    this.#world.sessions.told(this, link, frame);
    if (frame.kind === 'refused' && frame.code === 'UNDERSTUDY_UNREACHABLE')
      this.#world.network.reach.gaveUp(link.client, this);
    checkNacks(this, link, frame);
    link.toClient.send(frame);
  }

  // ── what its core may not do ────────────────────────────────────────────────────────────────────────────────────

  /** Promise 3: a replica in sync keeps what it holds until it dies or is told to go. */
  #mayGo(reason: string): void {
    const { record } = this.#world.coordinator;
    const counts = record !== undefined && isInSync(record, this.member);
    demand(!counts, () => `${this.name} is in sync and begins another life: ${reason}`);
  }

  #onDivergence(fields: LogFields): void {
    const isMeant = this.#world.mayDiverge && fields.of !== 'restore';
    demand(isMeant, () => `${this.name}: ${JSON.stringify(fields)} diverged`);
    // With a peer in its fields the record tells of another replica.
    if (fields.peer === undefined) this.noticedDivergence = true;
  }

  #onLoss({ hole }: LogFields): void {
    const { watch, losses } = this.#world;
    losses.calledLost(this, Number(hole), watch.ordersAt(Number(hole)));
  }
}
