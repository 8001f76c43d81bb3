import type { CallId, SessionEvent } from '@understudy/core/internal';
import type { ApplicationCall } from '../checks/history.js';
import type { Opening } from '../services/streamed.js';
import type { Habits } from './habits.js';
import { StreamUse, type StreamUseWorld } from './stream-use.js';

/** The client whose session has the stream. */
export interface StreamClient {
  readonly runs: boolean;
  readonly openStreams: ReadonlyMap<CallId, ClientStream>;
  step(event: SessionEvent): void;
  cancelStream(stream: ClientStream): void;
  note(text: string): void;
}

/** A stream of a session. */
export class ClientStream extends StreamUse {
  readonly call: CallId;
  /** The session said that there is room. */
  mayWrite = true;
  readonly #client: StreamClient;

  constructor(
    world: StreamUseWorld,
    client: StreamClient,
    call: CallId,
    operation: ApplicationCall,
    opening: Opening,
    habits: Habits,
  ) {
    super(world, operation, opening, habits);
    this.#client = client;
    this.call = call;
  }

  protected override get runs(): boolean {
    return this.#client.runs && this.#client.openStreams.get(this.call) === this;
  }

  protected override get writable(): boolean {
    return this.mayWrite;
  }

  protected override sendMessage(message: Uint8Array): void {
    this.mayWrite = false;
    this.#client.step({ kind: 'streamMessage', call: this.call, message });
  }

  protected override sendEnd(): void {
    this.#client.step({ kind: 'streamEnd', call: this.call });
  }

  protected override sendTaken(upTo: number): void {
    this.#client.step({ kind: 'streamTaken', call: this.call, upTo });
  }

  override giveUp(): void {
    this.#client.cancelStream(this);
  }

  protected override note(text: string): void {
    this.#client.note(`${this.name}: ${text}`);
  }
}
