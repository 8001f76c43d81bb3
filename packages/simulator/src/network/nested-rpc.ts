import type { NestedCaller, ReplicaEvent, Reply } from '@understudy/core/internal';
import type { Act } from '../act.js';
import type { Choices } from '../draw/choices.js';
import type { Plan } from '../plan/plan.js';
import { nestedKey, readCall } from '../services/nested.js';
import type { Narrator } from '../trace/narrator.js';
import type { LinkEnd, LinkWorld } from './timed-link.js';

/** The replica whose handler made the call. */
export interface NestedClient extends LinkEnd {
  readonly alive: boolean;
  readonly lives: number;
  step(event: ReplicaEvent): void;
}

/** The service that is called. */
export interface Answerer extends LinkEnd {
  /** The call takes effect, unless it has done so before. */
  serve(caller: NestedCaller, text: string): Reply;
}

export interface NestedRpcWorld extends LinkWorld, Narrator {
  readonly choices: Choices;
  readonly plan: Pick<Plan, 'nested'>;
}

/** A call of the group on its way to another service and back. Messages on their way outlive their sender. */
export class NestedRpc<Client extends NestedClient> implements Act {
  readonly client: Client;
  readonly caller: NestedCaller;
  readonly text: string;
  readonly #world: NestedRpcWorld;
  readonly #callee: Answerer;
  readonly #life: number;
  #stage: 'going' | 'there' | 'back' | 'over' = 'going';
  #answersAtMs = 0;
  #outcome: Reply | undefined;
  #broken = false;

  constructor(world: NestedRpcWorld, callee: Answerer, client: Client, caller: NestedCaller, text: string) {
    this.#world = world;
    this.#callee = callee;
    this.client = client;
    this.caller = caller;
    this.text = text;
    this.#life = client.lives;
  }

  get over(): boolean {
    return this.#stage === 'over';
  }

  /** Whether a replica still waits for its reply. */
  get isWaitedFor(): boolean {
    return !this.#broken && this.client.alive && this.client.lives === this.#life;
  }

  get ready(): boolean {
    const { network, nowMs } = this.#world;
    switch (this.#stage) {
      case 'going':
        return this.#callee.runs && !network.isCut(this.client, this.#callee);
      case 'there':
        return this.#callee.runs && nowMs >= this.#answersAtMs;
      case 'back':
        if (!this.isWaitedFor) return true;
        return this.client.runs && !network.isCut(this.#callee, this.client);
      default:
        return false;
    }
  }

  act(): void {
    switch (this.#stage) {
      case 'going':
        if (this.isWaitedFor || this.#world.choices.chance(0.5)) this.#arrive();
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
    const { choices, nowMs, plan } = this.#world;
    this.#stage = 'there';
    this.#answersAtMs = nowMs + choices.below(1 + (plan.nested?.calleeMs ?? 0));
    if (this.#world.tracing) this.#world.message(this.client, this.#callee, `calls ${this.#name}`);
  }

  #comeBack(): void {
    this.#stage = 'over';
    if (!this.isWaitedFor || this.#outcome === undefined) return;
    if (this.#world.tracing) this.#world.message(this.#callee, this.client, `answers ${this.#name}`);
    this.client.step({ kind: 'nestedReply', to: this.caller.id, outcome: this.#outcome });
  }

  get #name(): string {
    return `${readCall(this.text).what} (${nestedKey(this.caller.id)} of term ${this.caller.term})`;
  }

  /** The network breaks it; messages that had left may still arrive. */
  break(): void {
    this.#broken = true;
  }
}
