/**
 * Receives calls and links from outside for a replica, and refuses them while it lives no life. Work that a call sets
 * off does not all belong to that call, so it runs outside of the call's async context.
 */
import { outside } from '@understudy/context';
import type { Arrival, StreamArrival } from '../capture/arrival.js';
import { failStream, failWith } from '../intake/answer.js';
import { type AcceptedLink, refuseLink } from '../links/accepted-link.js';
import type { Life } from '../lives/life.js';

export interface ArrivalsPorts {
  readonly life: () => Life | undefined;
  /** Whether the server was made with the replica's interceptors, so that a call cannot bypass the user's. */
  readonly guarded: () => boolean;
}

export class Arrivals {
  readonly #ports: ArrivalsPorts;

  constructor(ports: ArrivalsPorts) {
    this.#ports = ports;
  }

  onCall(arrival: Arrival): void {
    const life = this.#ports.life();
    if (!this.#ports.guarded()) failWith(arrival, 'UNDERSTUDY_SETUP', PAST_GUARD);
    else if (life === undefined) failWith(arrival, 'UNDERSTUDY_NOT_PRIMARY', NOT_PRIMARY);
    else outside(() => life.onCall(arrival));
  }

  onStream(arrival: StreamArrival): void {
    const life = this.#ports.life();
    if (!this.#ports.guarded()) failStream(arrival, 'UNDERSTUDY_SETUP', PAST_GUARD);
    else if (life === undefined) failStream(arrival, 'UNDERSTUDY_NOT_PRIMARY', NOT_PRIMARY);
    else outside(() => life.onStream(arrival));
  }

  onLink(link: AcceptedLink, accept: (life: Life) => void): void {
    const life = this.#ports.life();
    if (life === undefined) refuseLink(link, 'UNDERSTUDY_UNREACHABLE', NOT_STARTED);
    else accept(life);
  }
}

const NOT_PRIMARY = 'this replica is not the primary; call the primary';

const NOT_STARTED = 'this replica has not started yet, or has stopped; try another';

const PAST_GUARD =
  'the call bypassed the replica; make the server with new grpc.Server({ interceptors: replica.interceptors([…]) })';
