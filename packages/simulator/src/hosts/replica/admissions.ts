import type { ReplicaEvent, Request } from '@understudy/core/internal';
import { hashText } from '@understudy/core/testing';
import { REFUSED } from '../../checks/history.js';
import { readRequest } from '../../services/ledger.js';
import { demand } from '../../violation.js';

/** The user's interceptors on one replica, in one life: they refuse one call in eight, and pass the rest. */
export class Admissions {
  readonly #server: string;
  /** Calls that the interceptors let pass and whose handlers have not run yet. */
  readonly #admitted = new Set<number>();

  constructor(server: string) {
    this.#server = server;
  }

  /** Judges a call. Every part of a stream that was let open passes. */
  judge(admission: number, { message, stream }: Request): ReplicaEvent {
    const opens = stream === undefined || stream.kind === 'open';
    if (opens && hashText(readRequest(message).name) % 8 === 0) return { kind: 'refused', admission, outcome: REFUSED };
    this.#admitted.add(admission);
    return { kind: 'admitted', admission };
  }

  /** The handler of a call is run, or never will be. The interceptors hear which of the two, once. */
  end(admission: number): void {
    demand(
      this.#admitted.delete(admission),
      () => `${this.#server} goes on with a call that did not pass, or did so before`,
    );
  }
}
