import {
  type CallId,
  ERROR_CODES,
  type ErrorCode,
  type Outcome,
  replyOf,
  STREAM_WINDOW,
  type StreamItem,
} from '@understudy/core';
import type { Operation } from '../../checks/history.js';
import type { ServerHost } from '../../hosts/replica/server-host.js';
import type { Opening } from '../../services/streamed.js';
import type { Habits } from './draw.js';
import { StreamUse } from './stream-use.js';

/** A streaming call of a client without our interceptor: an RPC to one life of one replica. */
export class PlainStream extends StreamUse {
  readonly #server: ServerHost;
  readonly #life: number;
  #call: CallId | undefined;
  #items = 0;
  #sent = 0;
  #handled = 0;

  constructor(server: ServerHost, operation: Operation, opening: Opening, habits: Habits) {
    super(server.simulation, operation, opening, habits);
    this.#server = server;
    this.#life = server.lives;
  }

  open(): void {
    const { request, simulation } = this;
    const call = this.#server.newCall({ stream: this });
    this.#call = call;
    if (simulation.tracing) simulation.callNames.set(call, this.name);
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

  #tell(part: { kind: 'message'; message: Uint8Array } | { kind: 'end' } | { kind: 'taken'; upTo: number }): void {
    if (this.#call !== undefined) this.#server.step({ kind: 'plainPart', call: this.#call, part });
  }

  override giveUp(): void {
    const call = this.#forget();
    this.note('given up');
    this.failed(true);
    if (call !== undefined) this.#server.step({ kind: 'callGone', call });
  }

  /** The opening's own outcome. */
  opened(outcome: Outcome): void {
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

  refused(code: ErrorCode): void {
    this.#forget();
    this.failed(ERROR_CODES[code].mayHaveTakenEffect);
  }

  /** Its replica is gone, or begins another life. */
  lost(): void {
    this.#call = undefined;
    this.failed(true);
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
