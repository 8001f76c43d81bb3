import type { experimental, Metadata, status as Status, StatusObject } from '@grpc/grpc-js';
import { localStatus } from '../delivery/statuses.js';
import type { AuthContext, InterceptingCallInterface, MessageContext, ReceivingListener } from '../grpc-types.js';

/** A call that ends with a status of ours before anything of it leaves, above serialization or beneath. */
export class RefusedCall implements InterceptingCallInterface, experimental.CallStream {
  readonly #status: StatusObject;
  #ending: StatusObject | undefined;

  constructor(status: StatusObject) {
    this.#status = status;
  }

  start(_metadata: Metadata, listener?: ReceivingListener): void {
    process.nextTick(() => listener?.onReceiveStatus?.(this.#ending ?? this.#status));
  }

  cancelWithStatus(code: Status, details: string): void {
    this.#ending ??= localStatus(code, details, false);
  }

  sendMessage(): void {}

  sendMessageWithContext(context: MessageContext): void {
    if (context.callback !== undefined) process.nextTick(context.callback);
  }

  startRead(): void {}

  halfClose(): void {}

  setCredentials(): void {}

  getPeer(): string {
    return 'unknown';
  }

  getCallNumber(): number {
    return 0;
  }

  getAuthContext(): AuthContext | null {
    return null;
  }
}
