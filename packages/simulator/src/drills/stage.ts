import { isInSync } from '@understudy/core';
import type { Operation } from '../checks/history.js';
import type { Choices } from '../draw/choices.js';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { PeerStream, SessionStream } from '../network/streams.js';
import type { Simulation } from '../simulation.js';

/** What comes so late is not waited for: the run went another way. */
const STEPS_TO_WAIT = 400;
/** Of time that passes quietly, this much goes by at once at most. */
const ROUND_MS = 12;
/** Time for several heartbeats. */
const ROUNDS_TO_SETTLE = 8;
const SETTLE_MS = 20;

/** What drills are made of. */
export class Stage {
  readonly simulation: Simulation;
  readonly choices: Choices;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.choices = simulation.choices;
  }

  get leaseMs(): number {
    return this.simulation.plan.config.leaseMs;
  }

  get sessionMs(): number {
    return this.simulation.plan.config.sessionMs;
  }

  /** It serves as primary, as far as it knows, and its process runs. */
  get primary(): ServerHost | undefined {
    return this.simulation.servers.find(({ runs, status }) => runs && status?.role === 'primary');
  }

  /** Replicas that are not this one and whose processes run. */
  othersThan(server: ServerHost): ServerHost[] {
    return this.simulation.servers.filter((other) => other !== server && other.runs);
  }

  /** Somebody begins to take over. @returns undefined if nobody did in time */
  successor(withinMs: number): ServerHost | undefined {
    const promotes = () => this.simulation.servers.find(({ runs, status }) => runs && status?.role === 'promoting');
    return this.quietly(withinMs, () => promotes() !== undefined) ? promotes() : undefined;
  }

  /** Somebody takes over and decides how far to adopt; its word does not reach the coordinator before it may. */
  decidingSuccessor(): ServerHost | undefined {
    const { simulation, leaseMs, sessionMs } = this;
    const successor = this.successor(3 * leaseMs);
    if (successor === undefined) return undefined;
    successor.withoutCoordinatorUntilMs = simulation.nowMs + 3 * sessionMs;
    this.quietly(2 * sessionMs, () => simulation.coordinator.isAsked(successor, 'adopt'));
    return successor;
  }

  /** All replicas are in sync, and all clients are there. */
  get isWhole(): boolean {
    const { servers, clients, coordinator } = this.simulation;
    return clients.every(({ runs }) => runs) && coordinator.record?.inSync.length === servers.length;
  }

  get client(): ClientHost {
    return this.choices.pick(this.simulation.clients);
  }

  /** Things happen, in some order, until it is true. @returns whether it came true in time */
  until(isTrue: () => boolean, withinMs = Number.POSITIVE_INFINITY): boolean {
    const untilMs = this.simulation.nowMs + withinMs;
    for (let i = 0; i < STEPS_TO_WAIT && this.simulation.nowMs < untilMs; i++) {
      if (isTrue()) return true;
      this.simulation.step();
    }
    return isTrue();
  }

  /** So much time, in some twenty steps, with whatever can happen between them. */
  pass(ms: number): void {
    this.simulation.elapse(ms);
  }

  /** Nobody calls; time passes, and whatever can happen does at once, until it is true. @returns whether it came true in time */
  quietly(ms: number, isTrue: () => boolean = () => false): boolean {
    const { simulation, choices } = this;
    const untilMs = simulation.nowMs + ms;
    simulation.drain();
    while (!isTrue()) {
      if (simulation.nowMs >= untilMs) return false;
      simulation.passTime(Math.min(choices.between(1, ROUND_MS), Math.max(1, untilMs - simulation.nowMs)));
      simulation.drain();
    }
    return true;
  }

  /** Nothing goes wrong here, or a check says so. */
  inFairWeather(play: () => void): void {
    this.simulation.watch.fairWeather = true;
    play();
    this.simulation.watch.fairWeather = false;
  }

  /** A while without calls: whatever is on its way arrives. @returns whether all replicas are in sync, and run */
  settle(): boolean {
    const { simulation } = this;
    simulation.drain();
    for (let i = 0; i < ROUNDS_TO_SETTLE; i++) {
      simulation.passTime(SETTLE_MS);
      simulation.drain();
    }
    const { servers, coordinator } = simulation;
    return servers.every(
      ({ runs, member }) => runs && coordinator.record !== undefined && isInSync(coordinator.record, member),
    );
  }

  pause(host: Host, ms: number): void {
    this.simulation.fault([host], `pauses for ${ms.toFixed(0)} ms`);
    host.pausedUntilMs = this.simulation.nowMs + ms;
  }

  /** What one replica sends to another, or will send on this stream, takes so long. */
  delay(from: ServerHost, to: ServerHost, ms: number): void {
    const pipe = from.peerStreams[to.index]?.pipe;
    if (pipe === undefined) return;
    pipe.heldUntilMs = this.simulation.nowMs + ms;
    this.simulation.fault([from, to], `${from.name}>${to.name}: nothing arrives for ${ms.toFixed(0)} ms`);
  }

  /** Nothing passes between them, in both directions or in one. */
  cut(a: Host, b: Host, way: 'both' | 'there' = 'both'): void {
    this.simulation.fault([a, b], `cut: ${a.name}${way === 'both' ? '<' : ''}->${b.name}`);
    this.simulation.network.cut(a, b);
    if (way === 'both') this.simulation.network.cut(b, a);
  }

  /** Something passes between these two again. */
  mend(a: Host, b: Host): void {
    this.simulation.fault([a, b], `mended: ${a.name}<->${b.name}`);
    this.simulation.network.mend(a, b);
  }

  heal(): void {
    this.simulation.fault([], 'cuts heal');
    this.simulation.network.healCuts();
  }

  /** The stream between them breaks; what was on its way is lost. */
  breakSession(client: ClientHost, server: ServerHost): void {
    const stream = client.streams[server.index];
    if (stream === undefined) return;
    this.simulation.fault([client, server], `breaks: ${server.name}-${client.name}`);
    stream.break();
  }

  /** Its session ends in good order, and another begins. @returns whether it came to that */
  beginsAnew(client: ClientHost): boolean {
    const { leaseMs } = this;
    if (!this.quietly(leaseMs, () => client.alive && !client.busy)) return false;
    client.close();
    if (!this.quietly(2 * leaseMs, () => !client.alive) || client.dead) return false;
    client.start();
    return true;
  }

  /** @returns undefined if it cannot call now */
  call(client: ClientHost, readOnly = false): Operation | undefined {
    const { history, applications } = this.simulation;
    const before = history.operations.length;
    applications.call(client, readOnly);
    return history.operations[before];
  }

  /** @returns whether it was answered in time */
  answered(operation: Operation | undefined, withinMs: number): boolean {
    return operation !== undefined && this.until(() => operation.state === 'answered', withinMs);
  }

  /** @returns whether that replica did it in time */
  processed(server: ServerHost, operation: Operation | undefined, withinMs: number): boolean {
    return operation !== undefined && this.until(() => server.processed.includes(operation.name), withinMs);
  }

  /** What one replica sends to the other is on its way for so long. */
  hold(from: ServerHost, to: ServerHost, ms: number): PeerStream | undefined {
    const stream = from.peerStreams[to.index];
    if (stream === undefined) return undefined;
    this.simulation.fault([from, to], `${from.name}>${to.name}: nothing arrives for ${ms.toFixed(0)} ms`);
    stream.pipe.heldUntilMs = this.simulation.nowMs + ms;
    return stream;
  }

  /** Of what is held, the first frames arrive. */
  letThrough({ pipe }: { readonly pipe: PeerStream['pipe'] | SessionStream['toServer'] }, frames: number): void {
    const { heldUntilMs } = pipe;
    pipe.heldUntilMs = 0;
    for (let i = 0; i < frames && pipe.ready; i++) pipe.act();
    pipe.heldUntilMs = heldUntilMs;
  }

  /** What a client sends to a replica, on the stream that it has now, is on its way for so long. */
  holdRequests(client: ClientHost, server: ServerHost, ms: number): void {
    const stream = client.streams[server.index];
    if (stream === undefined) return;
    this.simulation.fault([client, server], `${client.name}>${server.name}: nothing arrives for ${ms.toFixed(0)} ms`);
    stream.toServer.heldUntilMs = this.simulation.nowMs + ms;
  }

  /** What a replica answers to a client is on its way for so long. */
  holdReplies(server: ServerHost, client: ClientHost, ms: number): void {
    const stream = client.streams[server.index];
    if (stream === undefined) return;
    this.simulation.fault([server, client], `${server.name}>${client.name}: nothing arrives for ${ms.toFixed(0)} ms`);
    stream.toClient.heldUntilMs = this.simulation.nowMs + ms;
  }
}
