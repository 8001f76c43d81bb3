/** Keeps calls away from a replica that is not the primary. */
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { errorStatus } from '@understudy/grpc-common';
import { mayHaveTakenEffect } from './retries.js';

export interface GuardOptions {
  /** Whether a method's calls are replicated. */
  readonly isReplicated: (path: string) => boolean;
  /** Whether this replica takes calls, because it is the primary or about to be. */
  readonly serves: () => boolean;
  readonly primaryAddress: () => string | undefined;
}

/**
 * An interceptor that refuses calls of replicated methods on a replica that is not the primary, before their body is
 * read. It stands nearest the wire; on the primary it lets calls pass at no cost.
 */
export class Guard {
  readonly #options: GuardOptions;
  #passed = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  readonly interceptor: ServerInterceptor = (method, call) => {
    const { isReplicated, serves, primaryAddress } = this.#options;
    if (!isReplicated(method.path)) return call as ServerInterceptingCall;
    this.#passed = true;
    if (serves()) return call as ServerInterceptingCall;
    const refuse = (metadata: Metadata): void =>
      call.sendStatus(
        errorStatus('UNDERSTUDY_NOT_PRIMARY', 'this replica is not the primary; call the primary', {
          primaryAddress: primaryAddress(),
          mayHaveTakenEffect: mayHaveTakenEffect('UNDERSTUDY_NOT_PRIMARY', metadata),
        }),
      );
    return new ServerInterceptingCall(call, { start: (next) => next({ onReceiveMetadata: refuse }) });
  };

  /**
   * Whether calls come through here. A server runs the same interceptors for all calls, so one call that came through
   * shows that all do.
   */
  get passed(): boolean {
    return this.#passed;
  }
}
