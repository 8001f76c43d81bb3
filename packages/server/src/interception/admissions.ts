/** Unary calls that the user's interceptors hold. */
import type { Request } from '@understudy/core/internal';
import type { EffectOf } from '../loop/event-loop.js';
import { type Admission, type AdmitResult, admit } from './admission.js';
import { encodeChange } from './change.js';
import { type InterceptionOptions, OVERLOADED } from './options.js';

export type Admitted = Extract<AdmitResult, { kind: 'admitted' }>;

/**
 * Unary calls and reads on their way through the request half of the user's interceptors, while this replica is the
 * primary.
 */
export class Admissions {
  readonly #options: InterceptionOptions;
  readonly #entering = new Map<number, Admission>();
  /** Calls that came through, with their way back through the response half. */
  readonly #admitted = new Map<number, Admitted>();

  constructor(options: InterceptionOptions) {
    this.#options = options;
  }

  admit({ admission, request, peer }: EffectOf<'admit'>): void {
    const { registry, interceptors, calls, loop, onFault, strays } = this.#options;
    const captured = registry.unary(request.method);
    if (captured === undefined) {
      // The method does not exist, which is the call's outcome on all replicas; no interceptor sees it.
      loop.dispatch({ kind: 'admitted', admission });
      return;
    }
    if (this.#entering.size >= this.#options.admissionsMax) {
      loop.dispatch({ kind: 'refused', admission, outcome: OVERLOADED });
      return;
    }
    const origin = calls.origin(request);
    const options = { onFault, strays, ...(origin !== undefined && { origin }) };
    const onResult = (result: AdmitResult): void => this.#onResult(admission, request, result);
    this.#entering.set(admission, admit(interceptors, captured, request, peer, onResult, options));
  }

  /** Hands over a call whose handler is about to run. The handler's outcome goes back through what this returns. */
  take(admission: number): Admitted | undefined {
    const admitted = this.#admitted.get(admission);
    this.#admitted.delete(admission);
    return admitted;
  }

  /** Ends a call that is answered without its handler. */
  drop(admission: number): void {
    this.take(admission)?.drop();
  }

  /** Ends all calls, because this replica no longer waits for the interceptors. */
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
