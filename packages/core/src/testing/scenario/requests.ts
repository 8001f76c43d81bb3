import type { SessionHeader } from '../../model/frames.js';
import type { CallId, SeqNum } from '../../model/ids.js';
import type { NestedCaller } from '../../model/nested.js';
import type { PlainPart, ReplicaEvent } from '../../replica/state/events.js';
import type { SessionEvent } from '../../session/events.js';
import type { NestedPlace } from '../../session/open-calls.js';
import { bytesOf } from '../text.js';
import type { Client } from './client.js';
import { identityOf } from './links.js';
import type { Server } from './server.js';

/** The processes that requests go to. */
export interface RequestedWorld {
  /** @throws if it does not run */
  server(name: string): Server;
  /** @throws if it does not run */
  client(name: string): Client;
  tell(server: Server, event: ReplicaEvent): void;
  ask(client: Client, event: SessionEvent): void;
}

const NO_BYTES = new Uint8Array(0);

/** The requests of applications: calls and streams of sessions, and of clients without our interceptor. */
export class Requests {
  /** The text that each call was made with: scenarios name calls by it. */
  readonly texts = new Map<number, string>();
  readonly #world: RequestedWorld;
  #next = 1;

  constructor(world: RequestedWorld) {
    this.#world = world;
  }

  #newCall(text: string): CallId {
    const call = this.#next++ as CallId;
    this.texts.set(call, text);
    return call;
  }

  #callOf(text: string): CallId {
    for (const [call, asked] of this.texts) if (asked === text) return call as CallId;
    throw new Error(`no call ${text}`);
  }

  #ask(name: string, event: SessionEvent): void {
    this.#world.ask(this.#world.client(name), event);
  }

  #tell(name: string, event: ReplicaEvent): void {
    this.#world.tell(this.#world.server(name), event);
  }

  // ── of sessions ─────────────────────────────────────────────────────────────────────────────────────────────────

  call(name: string, text: string, readOnly = false): void {
    const request = { method: readOnly ? '/log.Log/Read' : methodOf(text), message: bytesOf(text) };
    this.#ask(name, { kind: 'call', call: this.#newCall(text), request, readOnly });
  }

  /** Makes a call by the client's own settings, which may take another method for read-only than the group does. */
  misread(name: string, method: string, text: string, readOnly: boolean): void {
    const request = { method: `/log.Log/${method}`, message: bytesOf(text) };
    this.#ask(name, { kind: 'call', call: this.#newCall(text), request, readOnly });
  }

  cancel(name: string, text: string): void {
    for (const [call, asked] of [...this.texts])
      if (asked === text) this.#ask(name, { kind: 'cancel', call: call as CallId });
  }

  open(name: string, text: string): void {
    const message = /^(bad|held)/.test(text) ? bytesOf(text) : NO_BYTES;
    const request = { method: '/log.Log/Stream', message };
    this.#ask(name, { kind: 'openStream', call: this.#newCall(text), request });
  }

  send(name: string, stream: string, text: string): void {
    this.#ask(name, { kind: 'streamMessage', call: this.#callOf(stream), message: bytesOf(text) });
  }

  halfClose(name: string, stream: string): void {
    this.#ask(name, { kind: 'streamEnd', call: this.#callOf(stream) });
  }

  /** A client that is the primary of another group makes a call of that group. */
  nestedCall(name: string, text: string, caller: NestedCaller): void {
    const request = { method: '/log.Log/Append', message: bytesOf(text), nested: caller };
    this.#ask(name, { kind: 'call', call: this.#newCall(text), request, readOnly: false });
  }

  /** Such a client opens a stream. */
  nestedOpen(name: string, text: string, caller: NestedCaller, nested: NestedPlace): void {
    const told = nested.again ? { ...caller, received: nested.received } : caller;
    const request = { method: '/log.Log/Stream', message: NO_BYTES, nested: told };
    this.#ask(name, { kind: 'openStream', call: this.#newCall(text), request, nested });
  }

  leave(name: string, stream: string): void {
    this.#ask(name, { kind: 'leaveStream', call: this.#callOf(stream) });
  }

  /**
   * A call of a client's session, or one that it makes for another client's session, reaches a replica as an RPC of its
   * own.
   */
  rpcCall(name: string, server: string, text: string, seqNum: SeqNum, header: SessionHeader, session = name): void {
    const request = { method: '/log.Log/Append', message: bytesOf(text) };
    const carried = { connection: this.#world.client(session).connection, seqNum, awaitStable: false, header };
    const event = { kind: 'rpcCall', call: this.#newCall(text), peer: name, request, header: carried } as const;
    this.#tell(server, { ...event, ...identityOf(this.#world.client(name)) });
  }

  // ── of clients without our interceptor ──────────────────────────────────────────────────────────────────────────

  plainCall(server: string, text: string, key: string | undefined, readOnly = false, deadlineMs?: number): void {
    const optional = { ...(key !== undefined && { key }), ...(deadlineMs !== undefined && { deadlineMs }) };
    const request = { method: methodOf(text), message: bytesOf(text), ...optional };
    this.#tell(server, { kind: 'plainCall', call: this.#newCall(text), peer: 'plain', readOnly, request });
  }

  /** Makes a call with a deadline in this many milliseconds, by the clock of the replica that it reaches. */
  plainCallWithin(server: string, text: string, ms: number): void {
    const deadlineMs = this.#world.server(server).wallMs + ms;
    const request = { method: '/log.Log/Append', message: bytesOf(text), deadlineMs };
    this.#tell(server, { kind: 'plainCall', call: this.#newCall(text), peer: 'plain', readOnly: false, request });
  }

  plainOpen(server: string, text: string): void {
    const request = { method: '/log.Log/Stream', message: NO_BYTES, stream: { kind: 'open' } } as const;
    this.#tell(server, { kind: 'plainCall', call: this.#newCall(text), peer: 'plain', readOnly: false, request });
  }

  plainPart(server: string, stream: string, part: PlainPart): void {
    this.#tell(server, { kind: 'plainPart', call: this.#callOf(stream), part });
  }

  /** The RPC of a stream ends. */
  plainGone(server: string, stream: string): void {
    this.#tell(server, { kind: 'callGone', call: this.#callOf(stream) });
  }
}

function methodOf(text: string): string {
  if (text.startsWith('tell')) return '/log.Log/Tell';
  if (text.startsWith('look')) return '/log.Log/Look';
  return /^(held-)?wait/.test(text) ? '/log.Log/Wait' : '/log.Log/Append';
}
