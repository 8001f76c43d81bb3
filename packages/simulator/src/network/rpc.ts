import type {
  CallId,
  Outcome,
  ReplicaEvent,
  RpcReplyHeader,
  SessionEffect,
  SessionEvent,
} from '@understudy/core/internal';
import type { Act } from '../act.js';
import type { Narrator } from '../trace/narrator.js';
import { demand } from '../violation.js';
import type { Caller } from './caller.js';
import type { LinkEnd, LinkWorld } from './timed-link.js';

/** A call that a session asks its adapter to make. */
type Invoke = Extract<SessionEffect, { kind: 'invoke' }>;

/** The client that makes the call. */
export interface RpcClient extends LinkEnd {
  /** Sessions so far: an answer to an earlier one is not told. */
  readonly generation: number;
  readonly calls: ReadonlyMap<CallId, { readonly name: string }>;
  readonly rpcs: Map<CallId, Rpc>;
  step(event: SessionEvent): void;
}

/** The replica that is called. */
export interface RpcServer extends LinkEnd {
  readonly alive: boolean;
  readonly lives: number;
  newCall(caller: Caller): CallId;
  step(event: ReplicaEvent): void;
}

export interface RpcWorld extends LinkWorld, Narrator {
  readonly callNames: Map<number, string>;
}

/** A call that travels as an RPC of its own (the `rpc` carrier). RPCs keep no order among each other. */
export class Rpc implements Act, Caller {
  readonly client: RpcClient;
  readonly server: RpcServer;
  readonly #world: RpcWorld;
  readonly #life: number;
  readonly #generation: number;
  readonly #invoke: Invoke;
  /** The operation's name, for the trace. */
  readonly #name: string;
  #stage: 'going' | 'there' | 'back' | 'broken' | 'over' = 'going';
  #reply: { readonly header: RpcReplyHeader; readonly outcome: Outcome } | undefined;
  /** The number by which the replica knows the call. */
  #callAtServer: CallId | undefined;
  /** Whether the caller gave the call up and the replica does not know that yet. */
  #cancelled = false;

  constructor(world: RpcWorld, client: RpcClient, server: RpcServer, invoke: Invoke) {
    this.#world = world;
    this.client = client;
    this.server = server;
    this.#life = server.lives;
    this.#generation = client.generation;
    this.#invoke = invoke;
    this.#name = client.calls.get(invoke.call)?.name ?? '?';
  }

  get #serverGone(): boolean {
    return !this.server.alive || this.server.lives !== this.#life;
  }

  get over(): boolean {
    return this.#stage === 'over' && !this.#cancelled;
  }

  get ready(): boolean {
    const { client, server } = this;
    const { network } = this.#world;
    if (this.#cancelled) return this.#serverGone || server.runs;
    switch (this.#stage) {
      case 'going':
        return this.#serverGone || (server.runs && !network.isCut(client, server));
      case 'there':
        return this.#serverGone && client.runs;
      case 'back':
        return client.runs && !network.isCut(server, client);
      case 'broken':
        return client.runs;
      default:
        return false;
    }
  }

  act(): void {
    if (this.#cancelled) {
      this.#cancelled = false;
      this.#stage = 'over';
      if (this.#callAtServer !== undefined && !this.#serverGone)
        this.server.step({ kind: 'callGone', call: this.#callAtServer });
      return;
    }
    switch (this.#stage) {
      case 'going':
        if (this.#serverGone) this.#stage = 'broken';
        else this.#arrive();
        return;
      case 'back':
        return this.#comeBack();
      default:
        this.#end();
        this.#atClient({ kind: 'rpcBroken', call: this.#invoke.call, reason: 'broken' });
    }
  }

  #arrive(): void {
    this.#stage = 'there';
    const call = this.server.newCall(this);
    this.#callAtServer = call;
    const { header, request } = this.#invoke;
    this.#trace(call);
    this.server.step({ kind: 'rpcCall', call, peer: this.client.name, header, request });
  }

  #trace(callAtServer: CallId): void {
    if (!this.#world.tracing) return;
    this.#world.callNames.set(callAtServer, this.#name);
    this.#world.message(this.client, this.server, `RPC ${this.#name}${this.#seqText}`);
  }

  get #seqText(): string {
    const { seqNum } = this.#invoke.header;
    return seqNum === 0 ? '' : ` #${seqNum}`;
  }

  #comeBack(): void {
    this.#end();
    if (this.#reply === undefined) return;
    if (this.#world.tracing) this.#world.message(this.server, this.client, `answers ${this.#name}`);
    this.#atClient({ kind: 'rpcReply', call: this.#invoke.call, ...this.#reply });
  }

  #end(): void {
    this.#stage = 'over';
    if (this.client.rpcs.get(this.#invoke.call) === this) this.client.rpcs.delete(this.#invoke.call);
  }

  #atClient(event: SessionEvent): void {
    if (this.client.generation === this.#generation) this.client.step(event);
  }

  // ── what its replica says ───────────────────────────────────────────────────────────────────────────────────────

  answered(outcome: Outcome, header: RpcReplyHeader | undefined): void {
    demand(header !== undefined, () => `${this.server.name} answers a session's call without a header`);
    if (this.#stage !== 'there') return;
    this.#reply = { header, outcome };
    this.#stage = 'back';
  }

  failed(): void {
    if (this.#stage === 'there') this.#stage = 'broken';
  }

  /** `ready` sees by itself that the replica is gone. */
  lost(): void {}

  // ── what else ends it ───────────────────────────────────────────────────────────────────────────────────────────

  /** The network breaks the call, however far it had got; the replica hears that its caller is gone. */
  break(): void {
    if (this.#stage === 'there' || this.#stage === 'going') this.#stage = 'broken';
  }

  /** The caller gives the call up. */
  cancel(): void {
    this.#cancelled = this.#stage === 'there' || this.#stage === 'going';
    this.#stage = 'over';
  }
}
