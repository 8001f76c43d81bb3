import type { GroupRecord } from '@understudy/core';
import type { NestedCaller, Reply } from '@understudy/core/internal';
import { bytesOf } from '@understudy/core/testing';
import type { Act } from '../act.js';
import { type CallingReplica, NestedCallee, type NestedCalleeWorld } from '../checks/nested.js';
import { NestedStreams } from '../checks/nested-streams.js';
import { type NestedClient, NestedRpc, type NestedRpcWorld } from '../network/nested-rpc.js';
import type { Network } from '../network/network.js';
import { replyWith, SentStream } from '../network/sent-stream.js';
import type { Plan } from '../plan/plan.js';
import type { Ledger } from '../services/ledger.js';
import { isOnce, nestedKey, UNREACHED } from '../services/nested.js';
import { demand } from '../violation.js';
import { Host, type HostWorld } from './host.js';
import type { NestedHandlers } from './replica/nested-handlers.js';

/** How much later a call that broke is repeated, or given up. */
const SOON_MS = 40;

/** A replica whose handlers call this service. */
export interface CalleeClient extends NestedClient, CallingReplica {
  readonly life: {
    readonly nested: Pick<NestedHandlers, 'textOf' | 'operationOf'>;
    goOnLater(run: () => void, withinMs: number): void;
  };
}

export interface CalleeWorld extends HostWorld, NestedRpcWorld, NestedCalleeWorld {
  readonly plan: Plan;
  readonly servers: readonly CalleeClient[];
  readonly coordinator: { readonly record: GroupRecord | undefined };
  readonly network: Pick<Network, 'isCut' | 'cut' | 'mend'>;
}

/**
 * A service outside the group, which the group's handlers call. It never dies, remembers by id which calls it served,
 * and is slow at times.
 */
export class Callee extends Host {
  readonly record: NestedCallee;
  readonly streams = new NestedStreams();
  readonly #world: CalleeWorld;
  #rpcs: readonly NestedRpc<CalleeClient>[] = [];

  constructor(world: CalleeWorld, index: number) {
    super(world, 'T', index);
    this.#world = world;
    this.record = new NestedCallee(world, (what) => !isOnce(what, world.plan));
  }

  override get alive(): boolean {
    return true;
  }

  override crash(): void {
    demand(false, () => 'the callee crashes');
  }

  /** A replica says that it sends a call now. */
  called(client: CalleeClient, caller: NestedCaller): void {
    const text = client.life.nested.textOf(caller.id);
    demand(text !== undefined, () => `${client.name} sends ${nestedKey(caller.id)}, which waits for no reply there`);
    this.record.sent(client, caller);
    this.#send(client, caller, text);
  }

  /**
   * Takes an operation of a handler on a stream.
   *
   * @returns whether the call is such an operation
   */
  carries(client: CalleeClient, caller: NestedCaller, again: boolean): boolean {
    const { nested } = client.life;
    const { stream, operation } = nested.operationOf(caller.id) ?? {};
    if (stream === undefined || operation === undefined) return false;
    this.record.sent(client, caller);
    if (stream.isCancelled) {
      this.#endsLater(client, caller, UNREACHED);
      return true;
    }
    const { calleeMs = 0, trouble = 0 } = this.#world.plan.nested ?? {};
    switch (operation.role) {
      case 'open': {
        const { received } = stream;
        const opened = this.streams.open(caller, nested.textOf(caller.id) ?? '', again, received);
        const settings = { received, withinMs: calleeMs, breaks: trouble };
        stream.sent = new SentStream(this.#world, client, opened, caller.id, settings);
        return true;
      }
      case 'read':
        if (stream.sent === undefined) this.#endsLater(client, caller);
        else stream.sent.read(caller.id);
        return true;
      case 'write':
        if (stream.sent === undefined) this.#endsLater(client, caller);
        else stream.sent.write(caller.id, operation.after, operation.messages, operation.ends);
        return true;
    }
  }

  /** The replica did not open the stream, so it has ended already; or the stream is cancelled. */
  #endsLater(client: CalleeClient, { id }: NestedCaller, outcome = replyWith({ from: 0, upTo: 0 })): void {
    client.life.goOnLater(() => client.step({ kind: 'nestedReply', to: id, outcome }), 0);
  }

  #send(client: CalleeClient, caller: NestedCaller, text: string): void {
    const open = this.#rpcs.filter(({ over }) => !over);
    this.#rpcs = [...open, new NestedRpc(this.#world, this, client, caller, text)];
  }

  /** A call arrived: it takes effect once, however often it comes. */
  serve(caller: NestedCaller, text: string): Reply {
    return { kind: 'reply', code: 0, details: '', message: bytesOf(this.record.serve(caller, text)) };
  }

  possible(acts: Act[]): void {
    for (const rpc of this.#rpcs) if (rpc.ready) acts.push(rpc);
  }

  /** @param final the history that the primary holds at the end */
  check(final: Ledger): void {
    this.record.check(final);
    const { record } = this.#world.coordinator;
    const mayPassOver = (record?.deaths?.poisoned.length ?? 0) > 0;
    this.streams.check(final, `${record?.group}/${record?.origin}`, mayPassOver);
  }

  /** Calls whose replies a replica still waits for. */
  get #waitedFor(): readonly NestedRpc<CalleeClient>[] {
    return this.#rpcs.filter(({ over, isWaitedFor }) => !over && isWaitedFor);
  }

  /** Disturbs the service: it stands still, is cut off, or one of its calls breaks. */
  trouble(): void {
    const { choices, plan, nowMs } = this.#world;
    switch (choices.below(3)) {
      case 0: {
        const ms = choices.between(0.3, 4) * plan.config.leaseMs;
        this.#world.fault([this], `pauses for ${ms.toFixed(0)} ms`);
        this.pausedUntilMs = nowMs + ms;
        return;
      }
      case 1:
        return this.#cutOrHeal();
      default: {
        const rpc = choices.maybe(this.#waitedFor);
        if (rpc !== undefined) this.#break(rpc);
      }
    }
  }

  #cutOrHeal(): void {
    const { choices, servers, network } = this.#world;
    const server = choices.pick(servers);
    if (network.isCut(server, this) || network.isCut(this, server)) {
      this.#world.fault([server, this], 'their cut heals');
      network.mend(server, this);
      return;
    }
    this.#world.fault([server, this], `cut: ${server.name}<->${this.name}`);
    if (choices.chance(0.7)) network.cut(server, this);
    if (choices.chance(0.7)) network.cut(this, server);
  }

  /** Breaks a call. Its caller repeats it under the same id, or gives it up without knowing its effect. */
  #break(rpc: NestedRpc<CalleeClient>): void {
    const { client, caller, text } = rpc;
    this.#world.fault([client, this], `breaks: ${client.name}-${this.name}`);
    rpc.break();
    client.life.goOnLater(() => {
      if (this.#world.choices.chance(0.6)) this.#send(client, caller, text);
      else client.step({ kind: 'nestedReply', to: caller.id, outcome: UNREACHED });
    }, SOON_MS);
  }
}
