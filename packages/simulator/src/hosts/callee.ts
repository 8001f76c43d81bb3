import type { NestedCaller, Reply } from '@understudy/core';
import { bytesOf } from '@understudy/core/testing';
import { NestedCallee } from '../checks/nested.js';
import { NestedRpc } from '../network/nested-rpc.js';
import type { Act } from '../network/streams.js';
import { UNREACHED } from '../services/nested.js';
import type { Simulation } from '../simulation.js';
import { demand } from '../violation.js';
import { Host } from './host.js';
import { keyOf } from './replica/nested-handlers.js';
import type { ServerHost } from './replica/server-host.js';

/** A call that broke is made again, or given up, so much later. */
const SOON_MS = 40;

/** A service outside the group, which its handlers call. It never dies, keeps by id what it did, and is slow at times. */
export class Callee extends Host {
  readonly record: NestedCallee;
  #rpcs: NestedRpc[] = [];

  constructor(simulation: Simulation, index: number) {
    super(simulation, 'T', index);
    this.record = new NestedCallee(simulation);
  }

  override get alive(): boolean {
    return true;
  }

  override readsNothing(): boolean {
    return false;
  }

  override crash(): void {
    demand(false, () => 'the callee crashes');
  }

  /** A replica says that it sends a call now. */
  called(server: ServerHost, caller: NestedCaller): void {
    const text = server.nested.textOf(caller.id);
    demand(text !== undefined, () => `${server.name} sends ${keyOf(caller.id)}, which waits for no reply there`);
    this.record.sent(server, caller);
    this.#send(server, caller, text);
  }

  #send(server: ServerHost, caller: NestedCaller, text: string): void {
    this.#rpcs = this.#rpcs.filter(({ over }) => !over);
    this.#rpcs.push(new NestedRpc(this, server, caller, text));
  }

  /** A call has arrived: it takes effect once, however often it comes. */
  serve(caller: NestedCaller, text: string): Reply {
    return { kind: 'reply', code: 0, details: '', message: bytesOf(this.record.serve(caller, text)) };
  }

  possible(acts: Act[]): void {
    for (const rpc of this.#rpcs) if (rpc.ready) acts.push(rpc);
  }

  /** Calls for whose reply somebody waits. */
  get waitedFor(): readonly NestedRpc[] {
    return this.#rpcs.filter(({ over, isWaitedFor }) => !over && isWaitedFor);
  }

  /** It stands still, is cut off, or one of its calls breaks. */
  trouble(): void {
    const { choices, plan, servers, network, nowMs } = this.simulation;
    switch (choices.below(3)) {
      case 0: {
        const ms = choices.between(0.3, 4) * plan.config.leaseMs;
        this.simulation.fault([this], `pauses for ${ms.toFixed(0)} ms`);
        this.pausedUntilMs = nowMs + ms;
        return;
      }
      case 1: {
        const server = choices.pick(servers);
        if (network.isCut(server, this) || network.isCut(this, server)) {
          this.simulation.fault([server, this], 'their cut heals');
          network.mend(server, this);
          return;
        }
        this.simulation.fault([server, this], `cut: ${server.name}<->${this.name}`);
        if (choices.chance(0.7)) network.cut(server, this);
        if (choices.chance(0.7)) network.cut(this, server);
        return;
      }
      default: {
        const rpc = choices.maybe(this.waitedFor);
        if (rpc !== undefined) this.#break(rpc);
      }
    }
  }

  /** Whoever sent it makes it again, under the same id, or gives it up without knowing what came of it. */
  #break(rpc: NestedRpc): void {
    const { server, caller, text } = rpc;
    this.simulation.fault([server, this], `breaks: ${server.name}-${this.name}`);
    rpc.break();
    server.goOnLater(() => {
      if (this.simulation.choices.chance(0.6)) this.#send(server, caller, text);
      else server.step({ kind: 'nestedReply', to: caller.id, outcome: UNREACHED });
    }, SOON_MS);
  }
}
