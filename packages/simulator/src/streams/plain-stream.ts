import { ERROR_CODES, type ErrorCode } from '@understudy/core';
import {
  type CallId,
  type Outcome,
  type ReplicaEvent,
  replyOf,
  STREAM_WINDOW,
  type StreamItem,
} from '@understudy/core/internal';
import type { ApplicationCall } from '../checks/history.js';
import type { Caller, StreamCaller } from '../network/caller.js';
import type { Opening } from '../services/streamed.js';
import type { Habits } from './habits.js';
import { StreamUse, type StreamUseWorld } from './stream-use.js';

/** The replica that the stream goes to. */
export interface PlainStreamServer {
  readonly runs: boolean;
  readonly lives: number;
  newCall(caller: Caller): CallId;
  forgetCall(call: CallId): void;
  step(event: ReplicaEvent): void;
  note(text: string): void;
}

export interface PlainStreamWorld extends StreamUseWorld {
  readonly tracing: boolean;
  readonly callNames: Map<number, string>;
}

/** A streaming call of a client without our interceptor: an RPC to one life of one replica. */
export class PlainStream extends StreamUse implements StreamCaller {
  readonly #world: PlainStreamWorld;
  readonly #server: PlainStreamServer;
  readonly #life: number;
  #call: CallId | undefined;
  #items = 0;
  #sent = 0;
  #handled = 0;

  constructor(
    world: PlainStreamWorld,
    server: PlainStreamServer,
    operation: ApplicationCall,
    opening: Opening,
    habits: Habits,
  ) {
    super(world, operation, opening, habits);
    this.#world = world;
    this.#server = server;
    this.#life = server.lives;
  }

  open(): void {
    const { request } = this;
    const call = this.#server.newCall(this);
    this.#call = call;
    if (this.#world.tracing) this.#world.callNames.set(call, this.name);
    this.#server.note(`gets the plain stream ${this.name}`);
    const opening = { ...request, stream: { kind: 'open' } } as const;
    this.#server.step({ kind: 'plainCall', call, peer: 'plain', readOnly: false, request: opening });
  }

  protected override get runs(): boolean {
    return this.#server.runs && this.#server.lives === this.#life;
  }

  protected override get writable(): boolean {
    return this.#sent - this.#handled < STREAM_WINDOW;
  }

  protected override sendMessage(message: Uint8Array): void {
    this.#sent++;
    this.#tell({ kind: 'message', message });
  }

  protected override sendEnd(): void {
    this.#tell({ kind: 'end' });
  }

  protected override sendTaken(upTo: number): void {
    this.#tell({ kind: 'taken', upTo });
  }

  #tell(part: Extract<ReplicaEvent, { kind: 'plainPart' }>['part']): void {
    if (this.#call !== undefined) this.#server.step({ kind: 'plainPart', call: this.#call, part });
  }

  override giveUp(): void {
    const call = this.#forget();
    this.note('given up');
    this.fails(true);
    if (call !== undefined) this.#server.step({ kind: 'callGone', call });
  }

  /** The outcome of the opening; `streamed`: the stream goes on. */
  answered(outcome: Outcome): void {
    if (outcome.kind === 'streamed') return;
    this.#forget();
    this.ended(replyOf(outcome));
  }

  item(item: StreamItem): void {
    if (item.kind === 'window' && item.upTo > 0) {
      this.#handled = item.upTo;
      return;
    }
    this.#items++;
    switch (item.kind) {
      case 'window':
        return;
      case 'status':
        this.#forget();
        this.ended(replyOf(item.outcome));
        return;
      default:
        this.given(item, this.#items);
    }
  }

  failed(code: ErrorCode): void {
    this.#forget();
    this.fails(ERROR_CODES[code].mayHaveTakenEffect);
  }

  lost(): void {
    this.#call = undefined;
    this.fails(true);
  }

  #forget(): CallId | undefined {
    const call = this.#call;
    this.#call = undefined;
    if (call !== undefined) this.#server.forgetCall(call);
    return call;
  }

  protected override note(text: string): void {
    this.#server.note(`${this.name}: ${text}`);
  }
}
