import type { NestedCaller, Reply } from '@understudy/core';
import type { Callee } from '../hosts/callee.js';
import { keyOf } from '../hosts/replica/nested-handlers.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import { readCall } from '../services/nested.js';
import type { Act } from './streams.js';

/** A call of the group on its way to its callee and back. What is on its way outlives whoever sent it. */
export class NestedRpc implements Act {
  readonly server: ServerHost;
  readonly caller: NestedCaller;
  readonly text: string;
  readonly #callee: Callee;
  readonly #life: number;
  #stage: 'going' | 'there' | 'back' | 'over' = 'going';
  #answersAtMs = 0;
  #outcome: Reply | undefined;
  #broken = false;

  constructor(callee: Callee, server: ServerHost, caller: NestedCaller, text: string) {
    this.#callee = callee;
    this.server = server;
    this.caller = caller;
    this.text = text;
    this.#life = server.lives;
  }

  get over(): boolean {
    return this.#stage === 'over';
  }

  /** Somebody waits for its reply. */
  get isWaitedFor(): boolean {
    return !this.#broken && this.server.alive && this.server.lives === this.#life;
  }

  get ready(): boolean {
    const { simulation } = this.#callee;
    switch (this.#stage) {
      case 'going':
        return this.#callee.runs && !simulation.network.isCut(this.server, this.#callee);
      case 'there':
        return this.#callee.runs && simulation.nowMs >= this.#answersAtMs;
      case 'back':
        if (!this.isWaitedFor) return true;
        return this.server.runs && !simulation.network.isCut(this.#callee, this.server);
      default:
        return false;
    }
  }

  act(): void {
    const { simulation } = this.#callee;
    switch (this.#stage) {
      case 'going':
        if (this.isWaitedFor || simulation.choices.chance(0.5)) this.#arrive();
        else this.#stage = 'over';
        return;
      case 'there':
        this.#outcome = this.#callee.serve(this.caller, this.text);
        this.#stage = 'back';
        return;
      default:
        this.#comeBack();
    }
  }

  #arrive(): void {
    const { simulation } = this.#callee;
    this.#stage = 'there';
    this.#answersAtMs = simulation.nowMs + simulation.choices.below(1 + (simulation.plan.nested?.calleeMs ?? 0));
    if (simulation.tracing) simulation.message(this.server, this.#callee, `calls ${this.#name}`);
  }

  #comeBack(): void {
    this.#stage = 'over';
    if (!this.isWaitedFor || this.#outcome === undefined) return;
    const { simulation } = this.#callee;
    if (simulation.tracing) simulation.message(this.#callee, this.server, `answers ${this.#name}`);
    this.server.step({ kind: 'nestedReply', to: this.caller.id, outcome: this.#outcome });
  }

  get #name(): string {
    return `${readCall(this.text).what} (${keyOf(this.caller.id)} of term ${this.caller.term})`;
  }

  /** The network breaks it; what had left may still arrive. */
  break(): void {
    this.#broken = true;
  }
}
