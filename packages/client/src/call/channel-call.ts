/** A replicated call, as a client of another library sees it that was given our channel. */
import type { CallCredentials, experimental, InterceptingListener, Metadata, status as Status } from '@grpc/grpc-js';
import {
  type AuthContext,
  type InterceptingCallInterface,
  localStatus,
  type MessageContext,
} from '@understudy/grpc-common';

/** The call of a session, which is made when the call is started: only then are its credentials known. */
export class ChannelCall implements experimental.CallStream {
  readonly #make: (credentials: CallCredentials | undefined) => InterceptingCallInterface;
  readonly #path: string;
  #credentials: CallCredentials | undefined;
  #call: InterceptingCallInterface | undefined;
  /** The status with which the call was cancelled before it started. */
  #cancelled: { readonly code: Status; readonly details: string } | undefined;

  constructor(path: string, make: (credentials: CallCredentials | undefined) => InterceptingCallInterface) {
    this.#path = path;
    this.#make = make;
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = credentials;
  }

  start(metadata: Metadata, listener: InterceptingListener): void {
    if (this.#cancelled !== undefined) {
      const status = localStatus(this.#cancelled.code, this.#cancelled.details, false);
      process.nextTick(() => listener.onReceiveStatus(status));
      return;
    }
    this.#call = this.#make(this.#credentials);
    this.#call.start(metadata, {
      onReceiveMetadata: (initial) => listener.onReceiveMetadata(initial),
      // Above serialization a unary call without a reply gets a null message; below it gets none.
      onReceiveMessage: (message) => {
        if (message !== null) listener.onReceiveMessage(message);
      },
      onReceiveStatus: (status) => listener.onReceiveStatus(status),
    });
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    if (this.#call !== undefined) this.#call.sendMessageWithContext(context, message);
    else if (context.callback !== undefined) process.nextTick(context.callback);
  }

  startRead(): void {
    this.#call?.startRead();
  }

  halfClose(): void {
    this.#call?.halfClose();
  }

  cancelWithStatus(code: Status, details: string): void {
    if (this.#call === undefined) this.#cancelled ??= { code, details };
    else this.#call.cancelWithStatus(code, details);
  }

  getPeer(): string {
    return this.#call?.getPeer() ?? 'unknown';
  }

  getAuthContext(): AuthContext | null {
    return this.#call?.getAuthContext() ?? null;
  }

  getMethod(): string {
    return this.#path;
  }

  getCallNumber(): number {
    return 0;
  }
}
