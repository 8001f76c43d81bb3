import { isInSync } from '@understudy/core';
import type { Choices } from '../choices.js';
import type { ClientHost } from '../hosts/client-host.js';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/server-host.js';
import type { Simulation } from '../simulation.js';

/** What comes so late is not waited for: the run went another way. */
const STEPS_TO_WAIT = 400;
/** Time for several heartbeats. */
const ROUNDS_TO_SETTLE = 8;
const ROUND_MS = 20;

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

  get client(): ClientHost {
    return this.choices.pick(this.simulation.clients);
  }

  /** Things happen, in some order, until it is true. @returns whether it came true in time */
  until(isTrue: () => boolean): boolean {
    for (let i = 0; i < STEPS_TO_WAIT; i++) {
      if (isTrue()) return true;
      this.simulation.step();
    }
    return isTrue();
  }

  /** So much time, in some twenty steps, with whatever can happen between them. */
  pass(ms: number): void {
    this.simulation.elapse(ms);
  }

  /** A while without calls: whatever is on its way arrives. @returns whether all replicas are in sync, and run */
  settle(): boolean {
    const { simulation } = this;
    simulation.drain();
    for (let i = 0; i < ROUNDS_TO_SETTLE; i++) {
      simulation.passTime(ROUND_MS);
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

  /** The application asks it for something. */
  call(client: ClientHost, readOnly = false): void {
    this.simulation.applications.call(client, readOnly);
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

  heal(): void {
    this.simulation.fault([], 'cuts heal');
    this.simulation.network.healCuts();
  }
}
