import type { Connection } from '../../connection/connection.js';
import type { Request } from '../../model/message.js';
import type { ReplicaState } from '../state/replica-state.js';
import { methodOf } from '../streams/streams.js';

/** A group that is a client cannot reflect what is not stable: its successor would not know of it. */
export const waitsForStability = (r: ReplicaState, connection: Connection, request: Request | undefined): boolean =>
  request !== undefined &&
  (r.settings(methodOf(connection, request)).release === 'acknowledged' ||
    /* rule nested-reply-when-stable */ request.nested !== undefined);

/** Its caller waits for a place in the order, not for what comes of it. */
export const isOneWay = (r: ReplicaState, request: Request | undefined): boolean =>
  request !== undefined && request.stream === undefined && r.settings(request.method).oneWay;
