import type { GroupRecord } from '@understudy/core';
import { describeRecord } from '@understudy/core/testing';
import type { Act } from './act.js';
import { Applications, type ApplicationsWorld } from './applications/applications.js';
import { CallingGroup, type CallingGroupWorld } from './applications/calling-group.js';
import { History } from './checks/history.js';
import { Losses, type LossesWorld } from './checks/losses.js';
import { Outside } from './checks/outside.js';
import { Sessions, type SessionsWorld } from './checks/sessions.js';
import { Watch, type WatchWorld } from './checks/watch.js';
import { type CoordinatorWorld, VirtualCoordinator } from './coordinator/coordinator.js';
import type { Choices } from './draw/choices.js';
import type { StageWorld } from './drills/stage.js';
import type { SafetyWorld } from './ending/safety.js';
import type { SettlingWorld } from './ending/settle.js';
import type { FaultWorld } from './faults/world.js';
import { Callee, type CalleeWorld } from './hosts/callee.js';
import { ClientHost, type ClientWorld } from './hosts/client/client-host.js';
import { ServerHost, type ServerWorld } from './hosts/replica/server-host.js';
import { Network, type NetworkWorld } from './network/network.js';
import { ThreadLinks } from './network/thread-links.js';
import type { Plan } from './plan/plan.js';
import type { Tracer } from './trace/event.js';
import { Narration } from './trace/narration.js';

/** A group that is not whole after this many steps begins its run as it is. */
const STEPS_TO_BOOT = 400;
/** This many steps without time passing mean that the processes exchange messages without end. */
const STEPS_TO_REST = 100_000;

/** The parts of a run as all of its modules need them; each module says what it needs where it stands. */
type Ports = ApplicationsWorld &
  CallingGroupWorld &
  CalleeWorld &
  ClientWorld &
  CoordinatorWorld &
  FaultWorld &
  LossesWorld &
  NetworkWorld &
  SafetyWorld &
  ServerWorld &
  SessionsWorld &
  SettlingWorld &
  StageWorld &
  WatchWorld;

/** A whole group with clients and coordinator on a virtual network and clock; `choices` decide what happens next. */
export class Simulation extends Narration implements Ports {
  readonly plan: Plan;
  readonly choices: Choices;
  readonly servers: readonly ServerHost[];
  readonly clients: readonly ClientHost[];
  readonly hosts: readonly (ServerHost | ClientHost)[];
  /** The links between liveness threads; undefined if the run has none. */
  readonly threadLinks: ThreadLinks | undefined;
  /** The service that handlers call, in runs where they call one. */
  readonly callee: Callee | undefined;
  /** The outside world, in runs whose handlers change it. */
  readonly outside: Outside | undefined;
  /** A group that is a client of this one, in runs that have one. */
  readonly caller: CallingGroup | undefined;
  readonly coordinator: VirtualCoordinator;
  readonly network: Network;
  readonly applications: Applications;
  readonly history = new History();
  readonly watch: Watch;
  readonly losses: Losses;
  readonly sessions: Sessions;
  nowMs = 1000;
  steps = 0;
  /** Until then clients call often and time passes fast; then cuts heal. */
  stirUntilMs = 0;
  /** Effects carried out so far, by all processes: the places where one may crash. */
  boundaries = 0;
  /** Faults are over: from now on everything must go well. */
  calmSinceMs = Number.POSITIVE_INFINITY;
  /** Some client died, or was out of reach for sessionMs: the group may have to wait for an operator. */
  someGivenUp = false;
  /** For the trace: calls that replicas answer, by number. */
  readonly callNames = new Map<number, string>();
  #calls = 0;
  readonly #acts: Act[] = [];
  readonly #flushes: readonly Act[];
  readonly #reads: readonly Act[];

  constructor(plan: Plan, choices: Choices, tracer?: Tracer) {
    super(tracer);
    this.plan = plan;
    this.choices = choices;
    this.coordinator = new VirtualCoordinator(this);
    this.network = new Network(this);
    this.applications = new Applications(this);
    this.watch = new Watch(this);
    this.losses = new Losses(this);
    this.sessions = new Sessions(this);
    this.servers = Array.from({ length: plan.servers }, (_, i) => new ServerHost(this, `S${i + 1}`, i));
    this.clients = Array.from({ length: plan.clients }, (_, i) => new ClientHost(this, `C${i + 1}`, plan.servers + i));
    this.hosts = [...this.servers, ...this.clients];
    this.threadLinks = plan.threads && new ThreadLinks(this);
    this.outside = plan.once && new Outside(this);
    this.callee = plan.nested && new Callee(this, this.hosts.length);
    this.caller = (plan.nested?.callers ?? 0) > 0 ? new CallingGroup(this) : undefined;
    this.#flushes = this.hosts.map((host) => ({ act: () => host.step({ kind: 'flush' }) }));
    this.#reads = this.servers.map((server) => ({ act: () => this.#readRecord(server) }));
  }

  get calm(): boolean {
    return this.nowMs >= this.calmSinceMs;
  }

  nextCall(): number {
    return ++this.#calls;
  }

  /** The operation as the workload's machine takes it. */
  drawInput(readOnly: boolean): unknown {
    return this.plan.workload.draw(this.choices, readOnly, this.history.operations.length);
  }

  // ── what happens next ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts every process and plays until all replicas are in sync, or for long enough. */
  boot(): void {
    for (const server of this.servers) server.start();
    for (const client of this.clients) client.start();
    for (let i = 0; i < STEPS_TO_BOOT && (this.coordinator.record?.inSync.length ?? 0) < this.servers.length; i++) {
      this.step();
    }
  }

  /** Lets one act happen, or time pass. */
  step(): void {
    this.steps++;
    const acts = this.possible();
    if (acts.length === 0 || this.choices.chance(this.plan.timeRate))
      this.passTime(1 + this.choices.below(this.plan.jumpMs));
    else this.choices.pick(acts).act();
  }

  /** Lets everything happen that may happen now, in some order. */
  drain(): void {
    for (let i = 0; i < STEPS_TO_REST; i++) {
      const acts = this.possible();
      if (acts.length === 0) return;
      this.steps++;
      this.choices.pick(acts).act();
    }
    throw new Error('the group does not come to rest');
  }

  /** Lets this much time pass in about twenty steps, with calls and everything else that can happen between them. */
  elapse(ms: number): void {
    const { choices } = this;
    const untilMs = this.nowMs + ms;
    const pauseMs = ms / 20;
    while (this.nowMs < untilMs) {
      this.passTime(choices.between(0.5, 1.5) * pauseMs);
      if (choices.chance(0.4)) this.applications.callSomething();
      for (let i = choices.below(30); i > 0; i--) {
        const acts = this.possible();
        if (acts.length > 0) choices.pick(acts).act();
        this.steps++;
      }
    }
  }

  passTime(ms: number): void {
    for (const host of this.hosts) if (host.runs && host.core?.wantsFlush) host.step({ kind: 'flush' });
    this.#runOverdue(ms);
    this.nowMs += ms;
    this.network.reach.note();
    for (const server of this.servers) if (!server.alive && this.nowMs >= server.deaths.restartsAtMs) server.start();
    this.threadLinks?.beat();
    for (const server of this.servers) if (server.runs) server.tick();
    for (const client of this.clients) if (client.runs) client.step({ kind: 'tick' });
  }

  /** Lets a handler that is done call back before it would count as one that never ends. */
  #runOverdue(ms: number): void {
    const { stallMs } = this.plan.config;
    for (const server of this.servers) {
      if (!server.runs) continue;
      for (const job of server.jobs.list) if (this.nowMs + ms - job.readyAtMs > stallMs / 2) job.act();
    }
  }

  /** All acts that may happen next; valid until the next call. */
  possible(): readonly Act[] {
    const acts = this.#acts;
    acts.length = 0;
    this.network.possible(acts);
    this.threadLinks?.possible(acts);
    for (const server of this.servers) this.#possibleAt(server, acts);
    for (let i = 0; i < this.hosts.length; i++) {
      const host = this.hosts[i];
      const flush = this.#flushes[i];
      if (host?.core?.wantsFlush && host.runs && flush !== undefined) acts.push(flush);
    }
    for (const request of this.coordinator.requests) if (request.ready) acts.push(request);
    if (this.plan.streams !== undefined) this.applications.possible(acts);
    this.callee?.possible(acts);
    return acts;
  }

  #possibleAt(server: ServerHost, acts: Act[]): void {
    const read = this.#reads[server.index];
    if (read !== undefined && this.#mayRead(server)) acts.push(read);
    if (!server.runs) return;
    for (const job of server.jobs.list) if (job.readyAtMs <= this.nowMs) acts.push(job);
  }

  #mayRead(server: ServerHost): boolean {
    if (!this.coordinator.reaches(server)) return false;
    const { stored, record, hasLost, losses } = this.coordinator;
    // Usually a replica that knows the record runs, so a replica that starts waits for it.
    if (server.starting) return server.alive && (stored !== undefined || record === undefined);
    if (!server.runs) return false;
    if (hasLost && server.toldLoss !== losses) return true;
    return server.wantsRecord || (server.status?.epoch ?? 0) < (stored?.epoch ?? 0);
  }

  #readRecord(server: ServerHost): void {
    if (server.starting) {
      server.begin();
      return;
    }
    server.wantsRecord = false;
    server.toldLoss = this.coordinator.losses;
    const answer = this.coordinator.answerTo(server.status?.epoch ?? 0);
    if (answer !== undefined) server.step(answer);
  }

  // ── what several parts ask for ────────────────────────────────────────────────────────────────────────────────────

  /** Ends all cuts, delays and pauses; the coordinator is there for everybody. */
  healAll(): void {
    this.network.healAll();
    this.threadLinks?.cuts.mendAll();
    for (const server of this.servers) server.blockedUntilMs = 0;
    this.coordinator.downUntilMs = 0;
    this.coordinator.mend();
    for (const server of this.servers) server.withoutCoordinatorUntilMs = 0;
    for (const host of [...this.hosts, ...(this.callee === undefined ? [] : [this.callee])]) {
      host.pausedUntilMs = 0;
      host.crashesAfter = Number.POSITIVE_INFINITY;
    }
  }

  /**
   * Whether outcomes may differ between replicas: a handler that one replica takes for stuck may end on another, or a
   * fault makes one differ.
   */
  get mayDiverge(): boolean {
    return this.plan.stuck || this.plan.faults.includes('diverge') || (this.plan.digests?.strays ?? 0) > 0;
  }

  /** Client processes that a promotion of this replica may give up now: dead, or out of reach for sessionMs. */
  outOfReach(server: { readonly index: number }): Set<number> {
    const gone = new Set<number>();
    for (const client of this.clients) {
      for (const dead of client.deadProcesses) gone.add(dead);
      if (this.network.reach.isOutOfReach(client, server)) gone.add(client.process);
    }
    return gone;
  }

  onRecord(record: GroupRecord, gaveUp: ReadonlySet<number> | undefined): void {
    if (this.tracing) this.recordTold(describeRecord(record));
    this.watch.compareAll(record);
    if (gaveUp === undefined) return;
    this.history.adopted(gaveUp, this.coordinator.orderly);
    this.network.reach.decided();
  }
}
