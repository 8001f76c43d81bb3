/** Decides which interceptors a call of the server meets, and keeps calls away from a replica that is not the primary. */
import {
  type Metadata,
  type Server,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { errorStatus } from '@understudy/grpc-common';
import { attemptsBefore, mayHaveTakenEffect } from './retries.js';

export interface GuardOptions {
  /** Whether a method's calls are replicated. */
  readonly isReplicated: (path: string) => boolean;
  /** Whether a method is one of the replica's own: the links of clients and replicas, and Admin. */
  readonly isOwn: (path: string) => boolean;
  /** The present life of this replica; undefined between two lives. */
  readonly life: () => GuardedLife | undefined;
}

interface GuardedLife {
  /** Whether the life takes calls, because this replica is the primary or about to be. */
  readonly serves: boolean;
  /** Whether the life answers calls of a method although it does not serve: reads, on a backup. */
  answersReads(path: string): boolean;
  readonly primaryAddress: string | undefined;
  /**
   * In how many milliseconds a call that is refused for the first time should be made again, because no replica serves
   * now; undefined if one may.
   */
  readonly pushbackMs: number | undefined;
}

/**
 * The one interceptor that a replica's server has. What it does with a call depends on the method:
 *
 * - A replicated method's calls are refused on a replica that is not the primary, before their body is read, unless
 *   backups answer its reads. On the primary they pass at no cost, and meet the user's interceptors before they are ordered, whatever carries them.
 * - The replica's own services are let pass. Their callers are replicas, sessions and operators, which have no
 *   credentials of the user's service; a call that a session sends in frames meets the user's interceptors by itself.
 * - All others are served by this process alone, and meet the user's interceptors here, as on a server without us.
 */
export class Guard {
  readonly #options: GuardOptions;
  #users: readonly ServerInterceptor[] = [];
  #passed = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Gives the user's interceptors, the first nearest the wire. */
  use(users: readonly ServerInterceptor[]): void {
    this.#users = users;
  }

  /**
   * Checks that no interceptor stands beside this one. It would see no call that a session sends in frames, and if it
   * authenticates callers, whoever uses a session would get past it.
   *
   * @throws UnderstudyError UNDERSTUDY_SETUP
   */
  checkAlone(server: Server): void {
    // grpc-js has no public way to ask for a server's interceptors. If a later version keeps them elsewhere, this check
    // finds nothing to check.
    const { interceptors } = server as unknown as { readonly interceptors?: unknown };
    if (!Array.isArray(interceptors) || interceptors.every((each) => each === this.interceptor)) return;
    throw new UnderstudyError('UNDERSTUDY_SETUP', BESIDE);
  }

  readonly interceptor: ServerInterceptor = (method, call) => {
    const { isReplicated, isOwn } = this.#options;
    if (!isReplicated(method.path)) {
      if (isOwn(method.path)) return call as ServerInterceptingCall;
      return this.#users.reduce<ServerInterceptingCallInterface>(
        (inner, interceptor) => interceptor(method, inner),
        call,
      ) as ServerInterceptingCall;
    }
    this.#passed = true;
    const life = this.#options.life();
    if (life?.serves || life?.answersReads(method.path)) return call as ServerInterceptingCall;
    const refuse = (metadata: Metadata): void => {
      const { primaryAddress, pushbackMs: firstMs } = this.#options.life() ?? {};
      // Each wait is twice as long as the one before, so that the few attempts that gRPC allows outlast a slow failover.
      const pushbackMs = firstMs && Math.round(firstMs * 2 ** attemptsBefore(metadata));
      call.sendStatus(
        errorStatus('UNDERSTUDY_NOT_PRIMARY', 'this replica is not the primary; call the primary', {
          ...{ primaryAddress, pushbackMs },
          mayHaveTakenEffect: mayHaveTakenEffect('UNDERSTUDY_NOT_PRIMARY', metadata),
        }),
      );
    };
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

const BESIDE =
  'the server has interceptors that would miss calls which clients send in frames; give them to the replica: new grpc.Server({ interceptors: replica.interceptors([yours]) })';
