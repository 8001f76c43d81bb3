import type { experimental, Metadata, status as Status, StatusObject } from '@grpc/grpc-js';
import {
  type InterceptingCallInterface,
  localStatus,
  type MessageContext,
  type ReceivingListener,
} from '@understudy/grpc-common';
import { UnsentCall } from './unsent-call.js';

/**
 * A call that ends with a status of ours before any of it leaves. It can stand for a call above serialization or below.
 */
export class RefusedCall extends UnsentCall implements InterceptingCallInterface, experimental.CallStream {
  readonly #status: StatusObject;
  #ending: StatusObject | undefined;

  constructor(status: StatusObject) {
    super();
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
}
