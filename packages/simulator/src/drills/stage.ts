import type { GroupRecord } from '@understudy/core';
import { isInSync } from '@understudy/core/internal';
import type { Applications } from '../applications/applications.js';
import type { ApplicationCall, History } from '../checks/history.js';
import type { Choices } from '../draw/choices.js';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Network } from '../network/network.js';
import type { PeerLink } from '../network/peer-link.js';
import type { TimedLink } from '../network/timed-link.js';
import type { Plan } from '../plan/plan.js';

/** More steps than this mean that the run went another way. */
const STEPS_TO_WAIT = 400;
/** The longest stretch of quiet time that passes at once. */
const ROUND_MS = 12;
/** Rounds that leave time for several heartbeats. */
const ROUNDS_TO_SETTLE = 8;
const SETTLE_MS = 20;

/** The run that a drill is played in. */
export interface StageWorld {
  readonly nowMs: number;
  readonly plan: Plan;
  readonly choices: Choices;
  readonly servers: readonly ServerHost[];
  readonly clients: readonly ClientHost[];
  readonly applications: Pick<Applications, 'call' | 'callWithKey' | 'retryWithKey' | 'readPlainly'>;
  readonly network: Pick<Network, 'cut' | 'mend' | 'healCuts' | 'reach'>;
  readonly coordinator: {
    readonly record: GroupRecord | undefined;
    isAsked(server: ServerHost, reason: string): boolean;
  };
  readonly history: Pick<History, 'operations'>;
  readonly watch: { fairWeather: boolean };
  /** One thing happens. */
  step(): void;
  /** Everything that may happen now happens, in some order. */
  drain(): void;
  passTime(ms: number): void;
  /** So much time, in some twenty steps, with calls and everything else that can happen between them. */
  elapse(ms: number): void;
  fault(among: readonly Host[], text: string): void;
}

/** The moves that drills are made of. */
export class Stage {
  readonly world: StageWorld;
  readonly choices: Choices;

  constructor(world: StageWorld) {
    this.world = world;
    this.choices = world.choices;
  }

  get leaseMs(): number {
    return this.world.plan.config.leaseMs;
  }

  get sessionMs(): number {
    return this.world.plan.config.sessionMs;
  }

  /** The replica that serves as primary, as far as it knows, and whose process runs. */
  get primary(): ServerHost | undefined {
    return this.world.servers.find(({ runs, status }) => runs && status?.role === 'primary');
  }

  /** Replicas that are not this one and whose processes run. */
  othersThan(server: ServerHost): ServerHost[] {
    return this.world.servers.filter((other) => other !== server && other.runs);
  }

  /** Some replica begins to take over. @returns undefined if none did in time */
  successor(withinMs: number): ServerHost | undefined {
    const promotes = () => this.world.servers.find(({ runs, status }) => runs && status?.role === 'promoting');
    return this.quietly(withinMs, () => promotes() !== undefined) ? promotes() : undefined;
  }

  /**
   * Some replica takes over and decides how far to adopt. It does not reach the coordinator until the drill lets it.
   */
  decidingSuccessor(): ServerHost | undefined {
    const { world, leaseMs, sessionMs } = this;
    const successor = this.successor(3 * leaseMs);
    if (successor === undefined) return undefined;
    successor.withoutCoordinatorUntilMs = world.nowMs + 3 * sessionMs;
    this.quietly(2 * sessionMs, () => world.coordinator.isAsked(successor, 'adopt'));
    return successor;
  }

  /** All replicas are in sync, and all clients are there. */
  get isWhole(): boolean {
    const { servers, clients, coordinator } = this.world;
    return clients.every(({ runs }) => runs) && coordinator.record?.inSync.length === servers.length;
  }

  get client(): ClientHost {
    return this.choices.pick(this.world.clients);
  }

  /** Things happen, in some order, until the condition is true. @returns whether it came true in time */
  until(isTrue: () => boolean, withinMs = Number.POSITIVE_INFINITY): boolean {
    const untilMs = this.world.nowMs + withinMs;
    for (let i = 0; i < STEPS_TO_WAIT && this.world.nowMs < untilMs; i++) {
      if (isTrue()) return true;
      this.world.step();
    }
    return isTrue();
  }

  /** So much time, in some twenty steps, with whatever can happen between them. */
  pass(ms: number): void {
    this.world.elapse(ms);
  }

  /** Nobody calls. Time passes, and whatever can happen does at once. @returns whether the condition came true in time */
  quietly(ms: number, isTrue: () => boolean = () => false): boolean {
    const { world, choices } = this;
    const untilMs = world.nowMs + ms;
    world.drain();
    while (!isTrue()) {
      if (world.nowMs >= untilMs) return false;
      world.passTime(Math.min(choices.between(1, ROUND_MS), Math.max(1, untilMs - world.nowMs)));
      world.drain();
    }
    return true;
  }

  /** Nothing goes wrong here, or a check says so. */
  inFairWeather(play: () => void): void {
    this.world.watch.fairWeather = true;
    play();
    this.world.watch.fairWeather = false;
  }

  /** A while without calls: whatever is on its way arrives. @returns whether all replicas are in sync, and run */
  settle(): boolean {
    const { world } = this;
    world.drain();
    for (let i = 0; i < ROUNDS_TO_SETTLE; i++) {
      world.passTime(SETTLE_MS);
      world.drain();
    }
    const { servers, coordinator } = world;
    return servers.every(
      ({ runs, member }) => runs && coordinator.record !== undefined && isInSync(coordinator.record, member),
    );
  }

  pause(host: Host, ms: number): void {
    this.world.fault([host], `pauses for ${ms.toFixed(0)} ms`);
    host.pausedUntilMs = this.world.nowMs + ms;
  }

  /** Frames from one replica to another on this link take so long. */
  delay(from: ServerHost, to: ServerHost, ms: number): void {
    const link = from.peerLinks[to.index]?.toPeer;
    if (link === undefined) return;
    link.heldUntilMs = this.world.nowMs + ms;
    this.world.fault([from, to], `${from.name}>${to.name}: nothing arrives for ${ms.toFixed(0)} ms`);
  }

  /** Nothing passes between them, in both directions or in one. */
  cut(a: Host, b: Host, way: 'both' | 'there' = 'both'): void {
    this.world.fault([a, b], `cut: ${a.name}${way === 'both' ? '<' : ''}->${b.name}`);
    this.world.network.cut(a, b);
    if (way === 'both') this.world.network.cut(b, a);
  }

  /** The two reach each other again. */
  mend(a: Host, b: Host): void {
    this.world.fault([a, b], `mended: ${a.name}<->${b.name}`);
    this.world.network.mend(a, b);
  }

  heal(): void {
    this.world.fault([], 'cuts heal');
    this.world.network.healCuts();
  }

  /** The link between them breaks; what was on its way is lost. */
  breakSession(client: ClientHost, server: ServerHost): void {
    const link = client.links[server.index];
    if (link === undefined) return;
    this.world.fault([client, server], `breaks: ${server.name}-${client.name}`);
    link.break();
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
  call(client: ClientHost, readOnly = false): ApplicationCall | undefined {
    const { history, applications } = this.world;
    const before = history.operations.length;
    applications.call(client, readOnly);
    return history.operations[before];
  }

  /** @returns whether it was answered in time */
  answered(operation: ApplicationCall | undefined, withinMs: number): boolean {
    return operation !== undefined && this.until(() => operation.state === 'answered', withinMs);
  }

  /** @returns whether that replica did it in time */
  processed(server: ServerHost, operation: ApplicationCall | undefined, withinMs: number): boolean {
    return operation !== undefined && this.until(() => server.life.processed.includes(operation.name), withinMs);
  }

  /** Frames from one replica to the other are on their way for so long. @returns their link */
  hold(from: ServerHost, to: ServerHost, ms: number): PeerLink | undefined {
    const link = from.peerLinks[to.index];
    if (link === undefined) return undefined;
    this.world.fault([from, to], `${from.name}>${to.name}: nothing arrives for ${ms.toFixed(0)} ms`);
    link.toPeer.heldUntilMs = this.world.nowMs + ms;
    return link;
  }

  /** The first of the frames that are held arrive. */
  letThrough(link: Pick<TimedLink<unknown>, 'heldUntilMs' | 'ready' | 'act'>, frames: number): void {
    const { heldUntilMs } = link;
    link.heldUntilMs = 0;
    for (let i = 0; i < frames && link.ready; i++) link.act();
    link.heldUntilMs = heldUntilMs;
  }

  /** Frames from a client to a replica on its present link are on their way for so long. */
  holdRequests(client: ClientHost, server: ServerHost, ms: number): void {
    const link = client.links[server.index];
    if (link === undefined) return;
    this.world.fault([client, server], `${client.name}>${server.name}: nothing arrives for ${ms.toFixed(0)} ms`);
    link.toServer.heldUntilMs = this.world.nowMs + ms;
  }

  /** Answers of a replica to a client are on their way for so long. */
  holdReplies(server: ServerHost, client: ClientHost, ms: number): void {
    const link = client.links[server.index];
    if (link === undefined) return;
    this.world.fault([server, client], `${server.name}>${client.name}: nothing arrives for ${ms.toFixed(0)} ms`);
    link.toClient.heldUntilMs = this.world.nowMs + ms;
  }
}
