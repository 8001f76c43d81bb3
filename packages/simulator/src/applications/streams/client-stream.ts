import type { CallId } from '@understudy/core';
import type { Operation } from '../../checks/history.js';
import type { ClientHost } from '../../hosts/client/client-host.js';
import type { Opening } from '../../services/streamed.js';
import type { Habits } from './draw.js';
import { StreamUse } from './stream-use.js';

/** A stream of a session. */
export class ClientStream extends StreamUse {
  readonly client: ClientHost;
  readonly call: CallId;
  /** It was told that there is room. */
  mayWrite = true;

  constructor(client: ClientHost, call: CallId, operation: Operation, opening: Opening, habits: Habits) {
    super(client.simulation, operation, opening, habits);
    this.client = client;
    this.call = call;
  }

  protected override get runs(): boolean {
    return this.client.runs && this.client.openStreams.get(this.call) === this;
  }

  protected override get writable(): boolean {
    return this.mayWrite;
  }

  protected override sendMessage(message: Uint8Array): void {
    this.mayWrite = false;
    this.client.step({ kind: 'streamMessage', call: this.call, message });
  }

  protected override sendEnd(): void {
    this.client.step({ kind: 'streamEnd', call: this.call });
  }

  protected override sendTaken(upTo: number): void {
    this.client.step({ kind: 'streamTaken', call: this.call, upTo });
  }

  override giveUp(): void {
    this.client.cancelStream(this);
  }

  protected override note(text: string): void {
    this.client.note(`${this.name}: ${text}`);
  }
}
