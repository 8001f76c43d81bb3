import type { ServerInterceptor } from '@grpc/grpc-js';
import type { ReplicaEffect, Request } from '@understudy/core/internal';
import {
  type Admission,
  type AdmitResult,
  admit,
  encodeChange,
  type HandlerFault,
  type HandlerRegistry,
} from '../handlers/index.js';
import type { Calls } from './calls.js';
import type { EventLoop } from './event-loop.js';
import { OVERLOADED } from './stream-passages.js';

export interface AdmissionsOptions {
  readonly loop: EventLoop;
  readonly registry: HandlerRegistry;
  readonly calls: Calls;
  /** The user's. */
  readonly interceptors: readonly ServerInterceptor[];
  /** Most calls that interceptors may hold. */
  readonly admissionsMax: number;
  readonly onFault: (fault: HandlerFault) => void;
}

export type Admitted = Extract<AdmitResult, { kind: 'admitted' }>;

/** Unary calls and reads on their way through the request half of the user's interceptors, while this replica is primary. */
export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #entering = new Map<number, Admission>();
  /** Through it, with their way back. */
  readonly #admitted = new Map<number, Admitted>();

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  admit({ admission, request, peer }: Extract<ReplicaEffect, { kind: 'admit' }>): void {
    const { registry, interceptors, calls, loop, onFault } = this.#options;
    const captured = registry.unary(request.method);
    if (captured === undefined) {
      // Its handler's end is that there is none, the same on all replicas.
      loop.dispatch({ kind: 'admitted', admission });
      return;
    }
    if (this.#entering.size >= this.#options.admissionsMax) {
      loop.dispatch({ kind: 'refused', admission, outcome: OVERLOADED });
      return;
    }
    const origin = calls.origin(request);
    const options = { onFault, ...(origin !== undefined && { origin }) };
    const onResult = (result: AdmitResult): void => this.#onResult(admission, request, result);
    this.#entering.set(admission, admit(interceptors, captured, request, peer, onResult, options));
  }

  /** The handler is about to run; its end goes back the same way. */
  take(admission: number): Admitted | undefined {
    const admitted = this.#admitted.get(admission);
    this.#admitted.delete(admission);
    return admitted;
  }

  /** The call is answered without its handler. */
  drop(admission: number): void {
    this.take(admission)?.drop();
  }

  /** Nobody waits for the interceptors any more. */
  cancel(): void {
    for (const admission of this.#entering.values()) admission.cancel();
    this.forget();
  }

  forget(): void {
    this.#entering.clear();
    this.#admitted.clear();
  }

  #onResult(admission: number, request: Request, result: AdmitResult): void {
    if (!this.#entering.delete(admission)) return;
    const { loop } = this.#options;
    if (result.kind === 'ended') {
      loop.dispatch({ kind: 'refused', admission, outcome: result.outcome });
      return;
    }
    this.#admitted.set(admission, result);
    const { changed } = result;
    if (changed === undefined) loop.dispatch({ kind: 'admitted', admission });
    else loop.dispatch({ kind: 'admitted', admission, change: encodeChange(changed, request) });
  }
}
