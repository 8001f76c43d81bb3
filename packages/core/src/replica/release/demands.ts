/** The demands of a request on its reply: to be stable first, or to come as soon as the request is ordered. */

import type { Connection } from '../../connection/connection.js';
import type { Request } from '../../model/message.js';
import type { ReplicaState } from '../state/replica-state.js';
import { methodOf } from '../streams/streams.js';

/**
 * Whether the reply may leave only when its order is stable. A nested call's always waits: the calling group cannot
 * reflect an unstable order, since its own successor would not know of it.
 */
export const waitsForStability = (r: ReplicaState, connection: Connection, request: Request | undefined): boolean =>
  request !== undefined &&
  (r.settings(methodOf(connection, request)).release === 'acknowledged' ||
    /* rule nested-reply-when-stable */ request.nested !== undefined ||
    /* rule nested-part-when-stable */ isPartOfNested(connection, request));

/**
 * Whether the request belongs to a stream that a group opened. The calling group forgets a message of such a stream
 * once it has the reply.
 */
const isPartOfNested = ({ streams }: Connection, { stream: part }: Request): boolean =>
  part !== undefined && 'of' in part && streams.get(part.of)?.history.caller !== undefined;

/** Whether the caller waits only until the request is ordered, and not for the handler's outcome. */
export const isOneWay = (r: ReplicaState, request: Request | undefined): boolean =>
  request !== undefined && request.stream === undefined && r.settings(request.method).oneWay;
