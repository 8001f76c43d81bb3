/** Gives a message its place in the order (FIG. 7) and enters it into the log. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { OrderNum } from '../../model/ids.js';
import { bodyBytes } from '../../model/message.js';
import { type Orderable, type OrderInfo, seqNumOf } from '../../model/order-info.js';
import { takeMark } from '../copying/deciding.js';
import { needsCare } from '../poison/care.js';
import { waitsForStability } from '../release/demands.js';
import { mayStay } from '../state/base.js';
import type { Entry } from '../state/message-order.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { advanceStable } from './stable.js';

/** Gives a message its place: orders it (FIG. 7), logs it, and lets the announcement leave with this turn. */
export function append(
  p: PrimaryState,
  what: Orderable,
  connection: Connection,
  message: Message | undefined,
  notBefore = 0,
): void {
  const { r } = p;
  const nowMs = timeToGive(r);
  const careful = needsCare(r, what);
  const marked = takeMark(p, careful ? ({ ...what, careful } as Orderable) : what);
  const info = p.order.orderMessage(marked, /* rule timer-not-early */ notBefore > nowMs ? notBefore : nowMs);
  enterLog(r, info, connection);
  const request = message?.request;
  if (request !== undefined) {
    const bytes = bodyBytes(request);
    p.backlogBytes += bytes;
    p.unstableBytes += bytes;
    p.orderedBytes += bytes;
  }
  p.release.ordered(info);
  if (p.unstableSinceMs === Number.POSITIVE_INFINITY) p.unstableSinceMs = r.nowMs;
  // No client reflects the order of a message that no session sent, so the primary announces that order itself
  // ([00114]).
  if (
    r.config.multicast === 'direct' ||
    connection.kind !== 'session' ||
    info.kind !== 'call' ||
    !p.release.registered(connection)
  ) {
    p.localAnnounceUpTo = info.orderNum;
  } else if (waitsForStability(r, connection, request)) {
    carryAtOnce(p, connection, info.orderNum);
  }
  if (connection.kind !== 'session' || message?.awaitStable || waitsForStability(r, connection, request)) {
    p.urgentUpTo = info.orderNum;
  }
  if (p.stability.alone) advanceStable(p);
  r.wantFlush();
}

/**
 * The time of the next order: this replica's clock for orders, or the time of the newest order held here if that is
 * later. Clocks jump, and another primary's clock may have been ahead.
 */
const timeToGive = (r: ReplicaState): number => Math.max(r.clocks.orderMs(), /* rule time-never-back */ r.order.timeMs);

/**
 * The reply waits until its order is stable. In `destination` its client must therefore hear of the order at once, in
 * order to reflect it.
 */
function carryAtOnce(p: PrimaryState, { session }: Connection, orderNum: OrderNum): void {
  if (session === undefined || orderNum >= p.release.firstUnretained(p.order)) p.localAnnounceUpTo = orderNum;
  else session.atOnceUpTo = orderNum;
}

/** Appends an order to the log, together with its message if it has one. */
export function enterLog(r: ReplicaState, info: OrderInfo, connection: Connection): void {
  if (info.kind !== 'call' && info.kind !== 'void') {
    r.order.append(info, undefined);
    return;
  }
  const message = connection.message(info.seqNum);
  connection.enterLog(message, info);
  r.order.append(info, message);
  if (message.request === undefined || mayStay(r, message.request)) r.order.mayStayUpTo = info.orderNum;
}

/** Orders that the running message is abandoned: its handler did not end, and the group goes on without it. */
export function orderAbandon(p: PrimaryState, { info }: Entry): void {
  const { r } = p;
  const connection = r.connections.open(info.connection);
  append(p, { connection: connection.id, seqNum: seqNumOf(info), kind: 'abandon' }, connection, undefined);
}
