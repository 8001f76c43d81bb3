import type { Flow } from '../ipc/commands.js';

/** Sums up one direction of all connections through a door. */
export class FlowCounter {
  bytes = 0;
  messages = 0;
  headers = 0;

  get flow(): Flow {
    return { bytes: this.bytes, messages: this.messages, headers: this.headers };
  }
}
