/** Takes in bodies the same way on every replica, whether a session sent them or a peer that was asked for them. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { compacted, requestCost } from '../../connection/usage.js';
import type { CallId, SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { CallOrder } from '../../model/order-info.js';
import { overBudget } from '../state/budgets.js';
import type { ReplicaState } from '../state/replica-state.js';

/**
 * A body arrived. A backup keeps it until its order comes; the primary goes on to order it. A duplicate is dropped.
 *
 * @returns the message if it is new here
 */
export function receiveBody(
  r: ReplicaState,
  connection: Connection,
  seqNum: SeqNum,
  request: Request,
): Message | undefined {
  connection.session?.came(seqNum);
  const known = connection.messages.get(seqNum);
  if (known?.order !== undefined) {
    if (known.order.kind === 'call' && known.request === undefined) {
      known.request = request;
      if (/* rule take-named-body */ !hasNamedBody(r, known, known.order)) {
        refuseBody(r, connection, known);
        return undefined;
      }
      connection.markReceived(seqNum);
      r.order.advanceHeld();
      r.role.heldMore();
    }
    return undefined;
  }
  if (/* rule no-duplicates */ connection.knows(seqNum) || !connection.withinWindow(seqNum)) return undefined;
  connection.markReceived(seqNum);
  /* rule answered-once */ if (seqNum <= connection.repliesSeenUpTo && !r.role.takesAnswered) return undefined;
  const message = connection.message(seqNum);
  message.request = request;
  message.become('received');
  return message;
}

/** Whether the body of a message is here and is the one that an order names. */
export const hasNamedBody = ({ digestBody }: ReplicaState, message: Message, { body }: CallOrder): boolean =>
  message.bodyDigest(digestBody) === body;

/** The body of a message is not the one that its order names. It must never be processed, so it is dropped. */
export function refuseBody(r: ReplicaState, connection: Connection, message: Message): void {
  message.request = undefined;
  connection.markRefused(message.seqNum);
  distrust(r, connection, message);
}

/**
 * A client sent this replica another body than the primary, under the same number. The replica stops counting on the
 * session: from now on the primary sends the client's bodies along with their orders, and only this client's replies
 * wait for that.
 */
export function distrust(r: ReplicaState, connection: Connection, message: Message): void {
  r.refusedBodies++;
  message.refused = true;
  if (connection.equivocates) return;
  connection.equivocates = true;
  const { id, session, peer } = connection;
  const fields = { connection: id, seqNum: message.seqNum, client: session?.peer ?? peer };
  r.log('warn', 'a client sent replicas different messages under one number', fields);
  if (session === undefined) return;
  /* rule distrust-equivocator */ session.registered = false;
  r.role.sessionsChanged();
}

/** The client will never again ask for replies up to this number. */
export function seeReplies(r: ReplicaState, connection: Connection, upTo: SeqNum): void {
  connection.see(upTo);
  r.role.repliesSeen(connection, upTo);
}

/** How a client wants the reply to a request. */
export interface Demands {
  /** The reply may leave only when its order is stable. */
  readonly awaitStable: boolean;
  /** The reply goes to the session's link. */
  readonly byFrame?: boolean;
  /** The RPC that brought the request waits for the reply. */
  readonly call?: CallId;
}

/** A session's request reached this replica as a frame or as an RPC. At the primary, this is FIG. 9. */
export function onRequest(
  r: ReplicaState,
  connection: Connection,
  seqNum: SeqNum,
  body: Request,
  peer: string,
  { awaitStable, byFrame, call }: Demands,
): void {
  const request = compacted(body, connection.usage.bytes);
  if (r.role.dropsBodies && dropped(r, connection, seqNum, request)) return;
  const received = receiveBody(r, connection, seqNum, request);
  const message = received ?? (call === undefined ? connection.messages.get(seqNum) : connection.message(seqNum));
  if (message === undefined) return;
  if (byFrame && message.stage !== 'settled') message.byFrame = true;
  if (call !== undefined) message.addWaiter(call);
  r.role.requested(connection, message, request, received !== undefined, peer, awaitStable);
}

/**
 * Whether a backup drops a body because its client is over a budget. If there will be an order for it, the primary has
 * the body, and this replica asks for it.
 */
const dropped = (r: ReplicaState, connection: Connection, seqNum: SeqNum, request: Request): boolean =>
  !connection.messages.get(seqNum)?.lacksBody &&
  overBudget(r, connection, { more: requestCost(request) }) !== undefined;
