import { ERROR_CODES, type ErrorCode, type GroupRecord, type LinkId, type Outcome } from '@understudy/core';
import { bytesOf } from '@understudy/core/testing';
import { History, type Operation } from './checks/history.js';
import { settle } from './checks/settle.js';
import { Watch } from './checks/watch.js';
import { VirtualCoordinator } from './coordinator.js';
import { injectFault } from './faults.js';
import { ClientHost } from './hosts/client-host.js';
import type { Host } from './hosts/host.js';
import { ServerHost } from './hosts/server-host.js';
import type { Rpc } from './network/rpc.js';
import { type Act, PeerStream, SessionStream } from './network/streams.js';
import type { Plan } from './plan.js';
import { Random } from './random.js';

/** How a simulation ended: whole; or `blocked` or `unavailable`, as the design allows after what happened. */
export type Ending = 'whole' | 'blocked' | 'unavailable';

const STEPS_TO_BOOT = 400;

/** A whole group with clients and coordinator on a virtual network, of which a seed decides what happens next. */
export class Simulation {
  readonly plan: Plan;
  readonly random: Random;
  readonly servers: readonly ServerHost[];
  readonly clients: readonly ClientHost[];
  readonly coordinator: VirtualCoordinator;
  readonly history = new History();
  readonly watch: Watch;
  readonly #print: ((line: string) => void) | undefined;
  nowMs = 1000;
  steps = 0;
  /** Faults are over: from now on everything must go well. */
  calm = false;
  /** Some client died, or was out of reach for sessionMs: a group may have to wait for an operator. */
  someGivenUp = false;
  rpcs: Rpc[] = [];
  /** For the trace: calls that replicas answer, by number. */
  readonly callNames = new Map<number, string>();
  #calls = 0;
  #links = 0;
  readonly #cuts: Set<number> = new Set();
  /** By client and replica: when frames last could pass between them. */
  readonly #inReachMs: number[] = [];
  readonly #acts: Act[] = [];
  readonly #flushes: readonly Act[];
  readonly #reads: readonly Act[];
  readonly #openPlain = new Set<Operation>();

  constructor(plan: Plan, print?: (line: string) => void) {
    this.plan = plan;
    this.#print = print;
    this.random = new Random(plan.seed ^ 0x2f6e2b1);
    this.coordinator = new VirtualCoordinator(this);
    this.watch = new Watch(this);
    this.servers = Array.from({ length: plan.servers }, (_, i) => new ServerHost(this, `S${i + 1}`, i));
    this.clients = Array.from({ length: plan.clients }, (_, i) => new ClientHost(this, `C${i + 1}`, plan.servers + i));
    this.#flushes = [...this.servers, ...this.clients].map((host) => ({ act: () => host.step({ kind: 'flush' }) }));
    this.#reads = this.servers.map((server) => ({ act: () => this.#readRecord(server) }));
  }

  get tracing(): boolean {
    return this.#print !== undefined;
  }

  print(line: string): void {
    this.#print?.(`${this.nowMs.toFixed(0).padStart(6)}  ${line}`);
  }

  nextCall(): number {
    return ++this.#calls;
  }

  /** Plays the simulation to its end. @throws Violation, or whatever a core throws */
  play(): Ending {
    this.#boot();
    const { plan, random } = this;
    for (let i = 0; i < plan.steps; i++) {
      if (random.chance(0.08)) this.#invokeSomething();
      if (plan.faults.length > 0 && random.chance(plan.faultRate)) injectFault(this, random.pick(plan.faults));
      this.step();
    }
    return settle(this);
  }

  #boot(): void {
    for (const server of this.servers) server.start();
    for (const client of this.clients) client.start();
    for (let i = 0; i < STEPS_TO_BOOT && (this.coordinator.record?.inSync.length ?? 0) < this.servers.length; i++) {
      this.step();
    }
  }

  /** One thing happens; sometimes it is that time passes. */
  step(): void {
    this.steps++;
    const acts = this.#possible();
    if (acts.length === 0 || this.random.chance(this.plan.timeRate)) this.passTime(1 + this.random.below(20));
    else this.random.pick(acts).act();
  }

  /** Everything that may happen now happens, in some order. */
  drain(): void {
    for (let i = 0; i < 20_000; i++) {
      const acts = this.#possible();
      if (acts.length === 0) return;
      this.steps++;
      this.random.pick(acts).act();
    }
    throw new Error('the simulation does not come to rest');
  }

  passTime(ms: number): void {
    for (const host of [...this.servers, ...this.clients])
      if (host.runs && host.core?.wantsFlush) host.step({ kind: 'flush' });
    this.nowMs += ms;
    for (const host of [...this.servers, ...this.clients]) if (host.runs) host.step({ kind: 'tick' });
    this.#noteReach();
  }

  #possible(): Act[] {
    const acts = this.#acts;
    acts.length = 0;
    this.#possibleAtServers(acts);
    for (const client of this.clients) {
      if (!client.runs) continue;
      for (const server of this.servers) {
        if (client.streams[server.index] === undefined && server.runs && !this.#isCutBetween(client, server)) {
          acts.push({ act: () => this.#connect(client, server) });
        }
      }
    }
    for (const stream of this.#sessionStreams) {
      if (stream.toServer.ready) acts.push(stream.toServer);
      if (stream.toClient.ready) acts.push(stream.toClient);
    }
    [...this.servers, ...this.clients].forEach((host, i) => {
      const flush = this.#flushes[i];
      if (flush !== undefined && host.runs && host.core?.wantsFlush) acts.push(flush);
    });
    for (const change of this.coordinator.changes) if (change.ready) acts.push(change);
    if (this.rpcs.length > 32) this.rpcs = this.rpcs.filter((rpc) => !rpc.over);
    for (const rpc of this.rpcs) if (rpc.ready) acts.push(rpc);
    return acts;
  }

  #possibleAtServers(acts: Act[]): void {
    for (const server of this.servers) {
      if (server.starting && server.alive && this.coordinator.reaches(server))
        acts.push(this.#reads[server.index] as Act);
      if (!server.runs) continue;
      for (const job of server.jobs) if (job.readyAtMs <= this.nowMs) acts.push(job);
      const read = this.#reads[server.index];
      if (read !== undefined && this.#wantsToRead(server)) acts.push(read);
      for (const other of this.servers) {
        if (other === server) continue;
        const stream = server.peerStreams[other.index];
        if (stream === undefined) {
          if (this.#canConnectPeer(server, other)) acts.push({ act: () => this.#connectPeer(server, other) });
        } else if (stream.broken) {
          acts.push(stream);
        }
      }
    }
    for (const server of this.servers) {
      for (const stream of server.peerStreams) if (stream?.pipe.ready) acts.push(stream.pipe);
    }
    for (const { pipe } of this.#leftOver) if (pipe.ready) acts.push(pipe);
  }

  #wantsToRead(server: ServerHost): boolean {
    if (!this.coordinator.reaches(server)) return false;
    if (server.wantsRecord) return true;
    return (server.status?.epoch ?? 0) < (this.coordinator.record?.epoch ?? 0);
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

  #canConnectPeer(from: ServerHost, to: ServerHost): boolean {
    return to.runs && from.wantedPeers.includes(to.name) && !this.#isCutBetween(from, to);
  }

  #connectPeer(from: ServerHost, to: ServerHost): void {
    // An adapter that accepts a new stream of a peer reads the old one no more.
    this.#leftOver = this.#leftOver.filter((old) => old.pipe.frames.length > 0 && (old.from !== from || old.to !== to));
    from.peerStreams[to.index] = new PeerStream(from, to);
    from.step({ kind: 'peerUp', peer: to.member });
  }

  readonly #sessionStreams = new Set<SessionStream>();

  #connect(client: ClientHost, server: ServerHost): void {
    const stream = new SessionStream(client, server, ++this.#links as LinkId);
    for (const old of this.#sessionStreams) if (old.over) this.#sessionStreams.delete(old);
    this.#sessionStreams.add(stream);
    client.streams[server.index] = stream;
    server.streams.set(stream.link, stream);
    client.step({ kind: 'linkUp', slot: server.index });
  }

  get sessionStreams(): readonly SessionStream[] {
    return [...this.#sessionStreams];
  }

  breakPeerStreams(server: ServerHost): void {
    server.peerStreams.forEach((stream, i) => {
      if (stream === undefined) return;
      stream.break();
      if (!this.#leftOver.includes(stream)) this.#leftOver.push(stream);
      server.peerStreams[i] = undefined;
    });
    for (const other of this.servers) other.peerStreams[server.index]?.break();
  }

  // ── what applications do ──────────────────────────────────────────────────────────────────────────────────────────

  #invokeSomething(): void {
    if (this.random.chance(this.plan.plainRate)) this.#plainCall();
    else this.invoke(this.random.pick(this.clients), this.random.chance(0.25));
  }

  invoke(client: ClientHost, readOnly: boolean): Operation | undefined {
    if (client.dead || this.nowMs < client.pausedUntilMs) return undefined;
    const stuck = this.plan.stuck && !this.calm && this.random.chance(0.05);
    const operation = this.history.invoke(client.index, { readOnly, stuck, keyed: false });
    client.call(operation, this.random.chance(0.3) ? '/log.Log/Sure' : '/log.Log/Append');
    return operation;
  }

  #plainCall(): void {
    const server = this.random.maybe(this.servers.filter(({ runs, status }) => runs && status?.role === 'primary'));
    if (server === undefined) return;
    const again = this.random.maybe(
      this.history.operations.filter(({ key, state }) => key !== undefined && state === 'unknown'),
    );
    if (again !== undefined && this.random.chance(0.5)) {
      again.state = 'open';
      this.#sendPlain(server, again);
      return;
    }
    const readOnly = this.random.chance(0.2);
    const keyed = !readOnly && this.random.chance(0.5);
    this.#sendPlain(server, this.history.invoke(-1, { readOnly, stuck: false, keyed }));
  }

  #sendPlain(server: ServerHost, operation: Operation): void {
    this.#openPlain.add(operation);
    const call = server.newCall({ plain: operation });
    if (this.tracing) {
      this.callNames.set(call, operation.name);
      this.print(`plain call ${operation.name} at ${server.name}`);
    }
    const { name, key, readOnly } = operation;
    const request = { method: '/log.Log/Append', message: bytesOf(name), ...(key !== undefined && { key }) };
    server.step({ kind: 'plainCall', call, peer: 'plain', readOnly, request });
  }

  plainAnswered(operation: Operation, outcome: Outcome): void {
    this.#openPlain.delete(operation);
    this.history.answer(operation, outcome);
  }

  plainFailed(operation: Operation, code: ErrorCode): void {
    this.#openPlain.delete(operation);
    // Of a call that was sent before, under its key, nobody knows.
    this.history.fail(operation, ERROR_CODES[code].mayHaveTakenEffect || operation.key !== undefined);
  }

  plainLost(operation: Operation): void {
    if (!this.#openPlain.delete(operation)) return;
    this.history.fail(operation, true);
  }

  get openPlain(): number {
    let open = 0;
    for (const { stuck } of this.#openPlain) if (!stuck) open++;
    return open;
  }

  // ── the network ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Of senders that are gone: what still arrives. */
  #leftOver: PeerStream[] = [];

  cut(from: Host, to: Host): void {
    this.#cuts.add(from.index * 16 + to.index);
  }

  healAll(): void {
    this.#cuts.clear();
    this.coordinator.downUntilMs = 0;
    for (const server of this.servers) server.withoutCoordinatorUntilMs = 0;
    for (const host of [...this.servers, ...this.clients]) host.pausedUntilMs = 0;
    for (const { toClient, toServer } of this.#sessionStreams) {
      toClient.heldUntilMs = 0;
      toServer.heldUntilMs = 0;
    }
    for (const server of this.servers) for (const stream of server.peerStreams) if (stream) stream.pipe.heldUntilMs = 0;
  }

  get hasCuts(): boolean {
    return this.#cuts.size > 0;
  }

  healCuts(): void {
    this.#cuts.clear();
  }

  isCut(from: Host, to: Host): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(from.index * 16 + to.index);
  }

  #isCutBetween(a: Host, b: Host): boolean {
    return this.isCut(a, b) || this.isCut(b, a);
  }

  #noteReach(): void {
    for (const client of this.clients) {
      for (const server of this.servers) {
        const stream = client.streams[server.index];
        const passes =
          stream?.serverOpen &&
          client.runs &&
          server.runs &&
          !this.#isCutBetween(client, server) &&
          stream.toServer.heldUntilMs <= this.nowMs &&
          stream.toClient.heldUntilMs <= this.nowMs;
        const key = client.index * 16 + server.index;
        if (passes || this.#inReachMs[key] === undefined) this.#inReachMs[key] = this.nowMs;
      }
    }
  }

  /**
   * Clients that a promotion of this replica may give up now: dead, or without a heartbeat for sessionMs, of which
   * the last quarter may have passed before they were out of reach.
   */
  outOfReach(server: ServerHost): Set<number> {
    const gone = new Set<number>();
    for (const client of this.clients) {
      const since = this.#inReachMs[client.index * 16 + server.index] ?? 0;
      if (client.dead || this.nowMs - since >= 0.7 * this.plan.config.sessionMs) gone.add(client.index);
    }
    return gone;
  }

  onRecord(record: GroupRecord, gaveUp: ReadonlySet<number> | undefined): void {
    if (this.tracing) this.print(`record: ${describeRecord(record)}`);
    this.watch.compareAll(record);
    if (gaveUp !== undefined) this.history.adopted(gaveUp);
  }
}

function describeRecord({ epoch, term, primary, inSync, adoptedThrough }: GroupRecord): string {
  const adopted = adoptedThrough.map((one) => `${one.term}:${one.through}`).join(' ');
  const members = inSync.map(({ id }) => id).join(' ');
  return `epoch ${epoch}, term ${term}, primary ${primary.id}, in sync ${members}, adopted ${adopted}`;
}
