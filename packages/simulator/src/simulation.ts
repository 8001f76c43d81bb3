import type { GroupRecord } from '@understudy/core';
import { Applications } from './applications/applications.js';
import { CallingGroup } from './applications/calling-group.js';
import { History } from './checks/history.js';
import { Losses } from './checks/losses.js';
import { Sessions } from './checks/sessions.js';
import { Watch } from './checks/watch.js';
import { VirtualCoordinator } from './coordinator/coordinator.js';
import type { Choices } from './draw/choices.js';
import { Stage } from './drills/stage.js';
import { checkSafety } from './ending/safety.js';
import { type Ending, settle } from './ending/settle.js';
import { injectFault } from './faults/faults.js';
import { Callee } from './hosts/callee.js';
import { ClientHost } from './hosts/client/client-host.js';
import type { Host } from './hosts/host.js';
import { ServerHost } from './hosts/replica/server-host.js';
import { Network } from './network/network.js';
import type { Act } from './network/streams.js';
import type { Plan } from './plan/plan.js';
import type { TraceEvent, Tracer } from './trace/event.js';

const STEPS_TO_BOOT = 400;
/** So many steps without time passing mean that the processes talk without end. */
const STEPS_TO_REST = 100_000;

/** A whole group with clients and coordinator on a virtual network and clock; `choices` decide what happens next. */
export class Simulation {
  readonly plan: Plan;
  readonly choices: Choices;
  readonly servers: readonly ServerHost[];
  readonly clients: readonly ClientHost[];
  readonly hosts: readonly (ServerHost | ClientHost)[];
  /** What handlers call, in runs where they call something. */
  readonly callee: Callee | undefined;
  /** A group that is a client of this one, in such runs. */
  readonly caller: CallingGroup | undefined;
  readonly coordinator: VirtualCoordinator;
  readonly network: Network;
  readonly applications: Applications;
  readonly history = new History();
  readonly watch: Watch;
  readonly losses: Losses;
  readonly sessions = new Sessions();
  readonly #tracer: Tracer | undefined;
  nowMs = 1000;
  steps = 0;
  /** Until then clients call often and time passes fast; then cuts heal. */
  stirUntilMs = 0;
  /** Effects carried out so far, of all processes: the places where one may crash. */
  boundaries = 0;
  /** Faults are over: from now on everything must go well. */
  calmSinceMs = Number.POSITIVE_INFINITY;
  /** Some client died, or was out of reach for sessionMs: a group may have to wait for an operator. */
  someGivenUp = false;
  /** For the trace: calls that replicas answer, by number. */
  readonly callNames = new Map<number, string>();
  #calls = 0;
  readonly #acts: Act[] = [];
  readonly #flushes: readonly Act[];
  readonly #reads: readonly Act[];

  constructor(plan: Plan, choices: Choices, tracer?: Tracer) {
    this.plan = plan;
    this.choices = choices;
    this.#tracer = tracer;
    this.coordinator = new VirtualCoordinator(this);
    this.network = new Network(this);
    this.applications = new Applications(this);
    this.watch = new Watch(this);
    this.losses = new Losses(this);
    this.servers = Array.from({ length: plan.servers }, (_, i) => new ServerHost(this, `S${i + 1}`, i));
    this.clients = Array.from({ length: plan.clients }, (_, i) => new ClientHost(this, `C${i + 1}`, plan.servers + i));
    this.hosts = [...this.servers, ...this.clients];
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

  /** What an operation asks of the workload's machine. */
  drawInput(readOnly: boolean): unknown {
    return this.plan.workload.draw(this.choices, readOnly, this.history.operations.length);
  }

  /** Plays the run to its end. @throws Violation, or whatever a core throws */
  play(): Ending {
    this.boot();
    const { plan, choices } = this;
    const drillAt = plan.drill === undefined ? -1 : choices.below(plan.steps);
    for (let i = 0; i < plan.steps; i++) {
      if (this.stirUntilMs > 0) this.#stir();
      if (i === drillAt) this.#drill();
      if (choices.chance(0.08)) this.applications.callSomething();
      if (plan.faults.length > 0 && choices.chance(plan.faultRate)) injectFault(this, choices.pick(plan.faults));
      if (plan.nested !== undefined && choices.chance(plan.nested.trouble)) this.callee?.trouble();
      this.step();
    }
    checkSafety(this);
    return settle(this);
  }

  boot(): void {
    for (const server of this.servers) server.start();
    for (const client of this.clients) client.start();
    for (let i = 0; i < STEPS_TO_BOOT && (this.coordinator.record?.inSync.length ?? 0) < this.servers.length; i++) {
      this.step();
    }
  }

  #drill(): void {
    const { drill } = this.plan;
    this.fault([], `drill: ${drill?.name}`);
    drill?.play(new Stage(this));
  }

  #stir(): void {
    const { choices, network } = this;
    this.elapse(this.stirUntilMs - this.nowMs);
    this.stirUntilMs = 0;
    if (choices.chance(0.5)) return;
    this.fault([], 'cuts heal');
    network.healCuts();
  }

  /** So much time, in some twenty steps, with calls and everything else that can happen between them. */
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

  /** One thing happens; sometimes it is that time passes. */
  step(): void {
    this.steps++;
    const acts = this.possible();
    if (acts.length === 0 || this.choices.chance(this.plan.timeRate))
      this.passTime(1 + this.choices.below(this.plan.jumpMs));
    else this.choices.pick(acts).act();
  }

  /** Everything that may happen now happens, in some order. */
  drain(): void {
    for (let i = 0; i < STEPS_TO_REST; i++) {
      const acts = this.possible();
      if (acts.length === 0) return;
      this.steps++;
      this.choices.pick(acts).act();
    }
    throw new Error('the group does not come to rest');
  }

  passTime(ms: number): void {
    for (const host of this.hosts) if (host.runs && host.core?.wantsFlush) host.step({ kind: 'flush' });
    this.#runOverdue(ms);
    this.nowMs += ms;
    this.network.noteReach();
    for (const host of this.hosts) if (host.runs) host.step({ kind: 'tick' });
  }

  /** A handler that is done calls back before it would be taken for one that never does. */
  #runOverdue(ms: number): void {
    const { stallMs } = this.plan.config;
    for (const server of this.servers) {
      if (!server.runs) continue;
      for (const job of server.jobs) if (this.nowMs + ms - job.readyAtMs > stallMs / 2) job.act();
    }
  }

  /** Everything that may happen next; valid until the next question. */
  possible(): readonly Act[] {
    const acts = this.#acts;
    acts.length = 0;
    this.network.possible(acts);
    for (const server of this.servers) this.#possibleAt(server, acts);
    this.hosts.forEach((host, i) => {
      const flush = this.#flushes[i];
      if (flush !== undefined && host.runs && host.core?.wantsFlush) acts.push(flush);
    });
    for (const request of this.coordinator.requests) if (request.ready) acts.push(request);
    if (this.plan.streams !== undefined) this.applications.possible(acts);
    this.callee?.possible(acts);
    return acts;
  }

  #possibleAt(server: ServerHost, acts: Act[]): void {
    const read = this.#reads[server.index];
    if (read !== undefined && this.#mayRead(server)) acts.push(read);
    if (!server.runs) return;
    for (const job of server.jobs) if (job.readyAtMs <= this.nowMs) acts.push(job);
  }

  #mayRead(server: ServerHost): boolean {
    if (!this.coordinator.reaches(server)) return false;
    if (server.starting) return server.alive;
    if (!server.runs) return false;
    return server.wantsRecord || (server.status?.epoch ?? 0) < (this.coordinator.record?.epoch ?? 0);
  }

  #readRecord(server: ServerHost): void {
    if (server.starting) {
      server.begin();
      return;
    }
    server.wantsRecord = false;
    const { record } = this.coordinator;
    if (record !== undefined) server.step({ kind: 'record', record });
  }

  /** Neither cuts nor delays nor pauses, and the coordinator is there for everybody. */
  healAll(): void {
    this.network.healAll();
    this.coordinator.downUntilMs = 0;
    for (const server of this.servers) server.withoutCoordinatorUntilMs = 0;
    for (const host of [...this.hosts, ...(this.callee === undefined ? [] : [this.callee])]) {
      host.pausedUntilMs = 0;
      host.crashesAfter = Number.POSITIVE_INFINITY;
    }
  }

  /** A handler that one replica takes for stuck may end on another; or the run makes one come to another outcome. */
  get mayDiverge(): boolean {
    return this.plan.stuck || this.plan.faults.includes('diverge');
  }

  /** Client processes that a promotion of this replica may give up now: dead, or out of reach for sessionMs. */
  outOfReach(server: ServerHost): Set<number> {
    const gone = new Set<number>();
    for (const client of this.clients) {
      for (const process of client.deadProcesses) gone.add(process);
      if (this.network.isOutOfReach(client, server)) gone.add(client.process);
    }
    return gone;
  }

  onRecord(record: GroupRecord, gaveUp: ReadonlySet<number> | undefined): void {
    if (this.tracing) this.#trace({ kind: 'record', atMs: this.nowMs, text: describeRecord(record) });
    this.watch.compareAll(record);
    if (gaveUp !== undefined) this.history.adopted(gaveUp, this.coordinator.orderly);
  }

  // ── for who reads the run ─────────────────────────────────────────────────────────────────────────────────────────

  get tracing(): boolean {
    return this.#tracer !== undefined;
  }

  #trace(event: TraceEvent): void {
    this.#tracer?.event(event);
  }

  message(from: Host, to: Host, text: string): void {
    this.#trace({ kind: 'message', atMs: this.nowMs, from: from.name, to: to.name, text });
  }

  note(who: Host, text: string): void {
    if (this.tracing) this.#trace({ kind: 'note', atMs: this.nowMs, who: who.name, text });
  }

  fault(among: readonly Host[], text: string): void {
    if (this.tracing) this.#trace({ kind: 'fault', atMs: this.nowMs, among: among.map(({ name }) => name), text });
  }
}

function describeRecord({ epoch, term, primary, inSync, adoptedThrough }: GroupRecord): string {
  const adopted = adoptedThrough.map((one) => `${one.term}:${one.through}`).join(' ');
  const members = inSync.map(({ id }) => id).join(' ');
  return `epoch ${epoch}, term ${term}, primary ${primary.id}, in sync ${members}${adopted && `, adopted ${adopted}`}`;
}
