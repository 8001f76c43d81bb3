import type { CallId, Outcome, RpcReplyHeader, SessionEffect } from '@understudy/core';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Act } from './streams.js';

type Invoke = Extract<SessionEffect, { kind: 'invoke' }>;

/** A call that travels as an RPC of its own (the `rpc` carrier). RPCs do not keep any order among each other. */
export class Rpc implements Act {
  readonly client: ClientHost;
  readonly server: ServerHost;
  readonly #life: number;
  readonly #generation: number;
  readonly #invoke: Invoke;
  /** Of the operation, for the trace. */
  readonly #name: string;
  #stage: 'going' | 'there' | 'back' | 'broken' | 'over' = 'going';
  #reply: { header: RpcReplyHeader; outcome: Outcome } | undefined;
  /** What the replica knows it by. */
  callAtServer: CallId | undefined;
  /** The caller gave it up; the replica has not heard of that. */
  #cancelled = false;

  constructor(client: ClientHost, server: ServerHost, invoke: Invoke) {
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
    if (this.#cancelled) return this.#serverGone || server.runs;
    switch (this.#stage) {
      case 'going':
        return this.#serverGone || (server.runs && !client.simulation.network.isCut(client, server));
      case 'there':
        return this.#serverGone && client.runs;
      case 'back':
        return client.runs && !client.simulation.network.isCut(server, client);
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
      if (this.callAtServer !== undefined && !this.#serverGone)
        this.server.step({ kind: 'callGone', call: this.callAtServer });
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
    this.callAtServer = this.server.newCall({ rpc: this });
    const { header, request } = this.#invoke;
    this.#trace(this.callAtServer);
    this.server.step({ kind: 'rpcCall', call: this.callAtServer, peer: this.client.name, header, request });
  }

  #trace(callAtServer: CallId): void {
    const { client, server } = this;
    if (!client.simulation.tracing) return;
    client.simulation.callNames.set(callAtServer, this.#name);
    client.simulation.message(client, server, `RPC ${this.#name}${this.#seqText}`);
  }

  get #seqText(): string {
    const { seqNum } = this.#invoke.header;
    return seqNum === 0 ? '' : ` #${seqNum}`;
  }

  #comeBack(): void {
    this.#end();
    if (this.#reply === undefined) return;
    const { simulation } = this.client;
    if (simulation.tracing) simulation.message(this.server, this.client, `answers ${this.#name}`);
    this.#atClient({ kind: 'rpcReply', call: this.#invoke.call, ...this.#reply });
  }

  #end(): void {
    this.#stage = 'over';
    if (this.client.rpcs.get(this.#invoke.call) === this) this.client.rpcs.delete(this.#invoke.call);
  }

  #atClient(event: Parameters<ClientHost['step']>[0]): void {
    if (this.client.generation === this.#generation) this.client.step(event);
  }

  answered(header: RpcReplyHeader, outcome: Outcome): void {
    if (this.#stage !== 'there') return;
    this.#reply = { header, outcome };
    this.#stage = 'back';
  }

  refused(): void {
    if (this.#stage === 'there') this.#stage = 'broken';
  }

  /** The network breaks it, whatever it had come to; the replica hears that its caller is gone. */
  break(): void {
    if (this.#stage === 'there' || this.#stage === 'going') this.#stage = 'broken';
  }

  cancel(): void {
    this.#cancelled = this.#stage === 'there' || this.#stage === 'going';
    this.#stage = 'over';
  }
}
