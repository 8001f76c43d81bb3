/** Processes ordered messages one at a time, in announced order (DESIGN 5.9), and keeps their outcomes. */

import type { MessageName } from '../../connection/callers.js';
import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { assert } from '../../model/assert.js';
import { bodyWord, connectionDigest, extendDigest, requestDigest } from '../../model/digest.js';
import type { OrderNum, SeqNum } from '../../model/ids.js';
import { next } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { NestedId } from '../../model/nested.js';
import { type CallOrder, seqNumOf } from '../../model/order-info.js';
import { ABANDONED, ACCEPTED, INDETERMINATE, type Outcome, type Reply, STREAMED, WAITS } from '../../model/outcome.js';
import type { StreamOutput } from '../../model/stream.js';
import type { Work } from '../../scheduling/scheduler.js';
import { restoreBehind } from '../copying/restore.js';
import { freeSettled, openedBefore } from '../nested/resumed.js';
import { noteSurvived } from '../poison/care.js';
import { callerAt, callerOf, continuedFrom } from '../poison/names.js';
import { poisonedAt, poisonReply } from '../poison/refuse.js';
import { isOneWay } from '../release/demands.js';
import { waitsForOthers } from '../state/base.js';
import { boundReplies } from '../state/budgets.js';
import type { Finished, ReplicaEvent, Task } from '../state/events.js';
import { bodyOf, type Entry } from '../state/message-order.js';
import { nameOf, type ReplicaState, reflectedBy } from '../state/replica-state.js';
import { streamCancelled } from '../streams/intercepted.js';
import { beginPart, cancelRequest, dropStream, dropStreams, keepOutputs, partProcessed } from '../streams/streams.js';
import { everyBegins, takeTimer } from '../timers/timers.js';
import { beginWait, endWait, nameOfWait } from '../waiting/waits.js';

type CallWork = Extract<Work, { kind: 'call' }>;

const NO_OUTPUTS: readonly StreamOutput[] = [];
const NO_FINISHED: readonly Finished[] = [];

/** Processes every message that may be processed now, until one is running or nothing is left. */
export function pump(r: ReplicaState): void {
  /* rule restore-checkpoint */ if (r.stateBehind && r.role.mayExecute && r.stateBusy === undefined) restoreBehind(r);
  while (r.running === undefined && r.stateBusy === undefined) {
    if (r.role.startDigest()) return;
    const entry = r.role.mayProcess() ? r.order.ready : undefined;
    if (entry === undefined) {
      const started = r.role.startNext();
      if (started === undefined) return;
      r.deaths.ordered = started.kind === 'call' ? started : undefined;
    } else if (/* rule suspects-with-care */ r.role.holdsBack(entry)) {
      if (!r.role.startCopy()) return;
    } else {
      const work = r.deaths.ordered?.message === entry.message ? r.deaths.ordered : undefined;
      r.deaths.ordered = undefined;
      processEntry(r, entry, work);
    }
  }
}

/** @param work the call that this replica has just ordered at this entry, if it did */
function processEntry(r: ReplicaState, entry: Entry, work: CallWork | undefined): void {
  const { info } = entry;
  assert(
    info.orderNum === r.order.processedUpTo + 1,
    () => `processes ${info.orderNum} after ${r.order.processedUpTo}`,
  );
  const poisoned = /* rule poison-passed-over */ poisonedAt(r, info);
  if (poisoned !== undefined) {
    passOver(r, entry, poisonReply(poisoned), work);
    return;
  }
  switch (info.kind) {
    case 'call': {
      const { message } = entry;
      const request = message?.request;
      assert(message !== undefined && request !== undefined, () => `order ${info.orderNum} has no body`);
      /* rule process-named-body */ assertNamed(r, message, info);
      const connection = r.connections.open(info.connection);
      if (info.peer !== undefined) connection.peer = info.peer;
      /* rule came-before */ if (isNestedUnary(request) && cameBefore(r, entry, message, request, work)) return;
      const opened = /* rule opened-before */ openedBefore(r, connection, message, request);
      if (opened !== undefined) {
        complete(r, entry, opened, 0);
        return;
      }
      const { timer } = request;
      if (timer !== undefined && !takeTimer(r, timer, info)) {
        complete(r, entry, STREAMED, 0);
        return;
      }
      beginPart(r, connection, message);
      run(r, { kind: 'ordered', info, request, peer: connection.peer }, entry, work);
      return;
    }
    case 'void':
      complete(r, entry, info.outcome, 0);
      return;
    case 'expire':
      /* rule streams-end-with-connection */ dropStreams(r, info.connection);
      r.connections.expire(info.connection);
      complete(r, entry, ABANDONED, 0);
      return;
    case 'abandon':
      complete(r, entry, ABANDONED, 0);
      return;
    case 'cancel':
      run(r, { kind: 'ordered', info, request: cancelRequest(info.stream), peer: undefined }, entry, undefined);
  }
}

/** A message of which primaries died keeps its place, but its handler does not run, and its caller is told why. */
function passOver(r: ReplicaState, entry: Entry, outcome: Reply, work: CallWork | undefined): void {
  const { info, message } = entry;
  if (work?.admission !== undefined) r.effects.push({ kind: 'dropAdmission', admission: work.admission });
  if (info.kind !== 'call') {
    complete(r, entry, STREAMED, 0);
    if (info.kind === 'cancel') finish(r, info.orderNum, { ...nameOfWait(info), outcome });
    return;
  }
  const connection = r.connections.get(info.connection);
  const { stream: part, reply, timer } = message?.request ?? {};
  const from = continuedFrom(message?.request);
  if (timer?.kind === 'raw') r.timers.clear(timer.id);
  else if (timer !== undefined) takeTimer(r, timer, info);
  if (connection !== undefined && part?.kind === 'open') dropStream(r, connection, info.seqNum);
  if (connection !== undefined && part !== undefined && 'of' in part) endByPoison(r, connection, part.of, outcome);
  const caller = from && callerAt(r, from);
  complete(r, { info: { ...info, kind: 'void', outcome }, message }, outcome, 0);
  if (from === undefined) return;
  if (reply !== undefined) r.nested.processed(from, info.orderNum);
  r.effects.push({ kind: reply === undefined ? 'dropTimer' : 'dropNested', id: from });
  if (caller !== undefined) endCaller(r, caller.message, info.orderNum, outcome);
}

/** Ends the call of a handler that was to go on with a reply or after a timer and now never does. */
function endCaller(r: ReplicaState, caller: Message, orderNum: OrderNum, outcome: Reply): void {
  const { connection: id, seqNum, request } = caller;
  const connection = r.connections.get(id);
  const part = request?.stream;
  if (part === undefined) finish(r, orderNum, { connection: id, seqNum, outcome });
  else if (connection !== undefined) endByPoison(r, connection, 'of' in part ? part.of : seqNum, outcome);
}

function endByPoison(r: ReplicaState, connection: Connection, of: SeqNum, outcome: Reply): void {
  const stream = connection.streams.get(of);
  if (stream !== undefined) r.deaths.ended.set(stream, outcome);
}

/** Notes which handler made a nested call or armed a timer, in the step that is running. */
export function noteCaller(r: ReplicaState, { orderNum }: NestedId): void {
  const entry = r.running?.entry;
  if (entry === undefined) return;
  if (r.nested.open === 0 && r.timers.raw === 0) r.deaths.callersAt.clear();
  const caller = r.deaths.callersAt.get(orderNum) ?? callerOf(r, entry.message);
  if (caller !== undefined) r.deaths.noteCaller(orderNum, caller);
}

function assertNamed({ digestBody }: ReplicaState, message: Message, { orderNum, body }: CallOrder): void {
  assert(
    message.bodyDigest(digestBody) === body,
    () => `order ${orderNum} is processed with another body than it names`,
  );
}

function run(r: ReplicaState, task: Task, entry: Entry, work: CallWork | undefined): void {
  r.running = { task, entry, work, startedMs: r.nowMs };
  r.effects.push({ kind: 'execute', task, live: work !== undefined, admission: work?.admission });
}

/** An ordered message is processed: its handler ended, waits, or was abandoned, or it never had one. */
export function complete(
  r: ReplicaState,
  entry: Entry,
  outcome: Outcome,
  outcomeDigest: number,
  outputs: readonly StreamOutput[] = NO_OUTPUTS,
  finished: readonly Finished[] = NO_FINISHED,
): void {
  const { info } = entry;
  const { orderNum, connection: id } = info;
  r.order.processedUpTo = orderNum;
  everyBegins(r, info);
  noteSurvived(r, info);
  const connection = r.connections.get(id);
  r.digest = extendDigest(
    r.digest,
    orderNum,
    seqNumOf(info),
    connection?.digest ?? connectionDigest(id),
    info.kind === 'call' ? bodyWord(info.body) : 0,
    outcomeDigest,
  );
  r.keepDigest(orderNum);
  r.role.digestKnown();
  if (outputs.length > 0) keepOutputs(r, orderNum, outputs);
  if (connection !== undefined && info.kind === 'cancel') streamCancelled(r, connection, info);
  if (connection !== undefined && info.kind === 'call') {
    partProcessed(r, connection, entry);
    r.role.partProcessed(connection, entry);
  }
  const called = /* rule key-of-calls-only */ info.kind === 'call' ? bodyOf(entry) : undefined;
  if (called?.reply !== undefined) r.nested.processed(called.reply.to, orderNum);
  const { message } = entry;
  if (message !== undefined) {
    if (called !== undefined && outcome.kind === 'waits') keepWaiting(r, message, called);
    else conclude(r, message, orderNum, called, outcome);
    if (connection !== undefined) r.role.called(connection, message);
  }
  if (info.kind === 'cancel' && info.end !== undefined)
    finish(r, orderNum, { ...nameOfWait(info), outcome: info.end.status });
  for (const ended of finished) finish(r, orderNum, ended);
  r.role.processed();
}

type NestedUnary = Request & Required<Pick<Request, 'nested'>>;

const isNestedUnary = (request: Request | undefined): request is NestedUnary =>
  request?.nested !== undefined && request.stream === undefined;

/** The handler waits. A retry, at this primary or the next, waits for the same outcome. */
function keepWaiting(r: ReplicaState, message: Message, request: Request): void {
  message.become('waiting');
  r.unfinished.set(nameOf(message), message);
  if (/* rule waits-stay */ waitsForOthers(r, request)) beginWait(r);
}

/**
 * Keeps the outcome of a message for retries and gives it to callers that wait. It reflects the orders up to
 * `orderNum`.
 */
function conclude(
  r: ReplicaState,
  message: Message,
  orderNum: OrderNum,
  request: Request | undefined,
  outcome: Outcome,
  waited = false,
): void {
  const oneWay = isOneWay(r, request);
  const told = oneWay ? ACCEPTED : outcome;
  // Nobody knows what an abandoned call did, so a retry must not run it a second time.
  const kept = told.kind === 'abandoned' ? INDETERMINATE : told;
  if (isNestedUnary(request)) {
    const again = r.connections.callers.finish(request.nested, message, kept);
    for (const same of again) finish(r, orderNum, { ...same, outcome: kept });
  }
  const connection = r.connections.get(message.connection);
  // The records of its connection were freed meanwhile, and a new connection may have begun under the same id.
  if (connection?.messages.get(message.seqNum) !== message) return;
  connection.conclude(message, told, waited ? orderNum : undefined);
  boundReplies(r, connection, message.seqNum);
  // A voided call had no effect, so its idempotency key stays free for another try.
  if (request?.key !== undefined) {
    r.connections.keepKeyed(request.key, requestDigest(request.method, request.message), kept);
    r.role.keySettled(request.key);
  }
  // A one-way caller already got its reply when the call was ordered. Only callers that retried since then still wait.
  const isWaitedFor = !oneWay || message.waiters !== undefined;
  if (isWaitedFor) r.role.concluded(connection, message, orderNum, told);
  if (message.order === undefined) message.request = undefined;
}

/** A handler that had waited has ended. */
function finish(r: ReplicaState, orderNum: OrderNum, finished: MessageName & { readonly outcome: Outcome }): void {
  const message = r.unfinished.get(nameOf(finished));
  if (message === undefined) return;
  r.unfinished.delete(nameOf(finished));
  const { request } = message;
  if (request !== undefined && waitsForOthers(r, request)) endWait(r);
  conclude(r, message, orderNum, request, finished.outcome, true);
}

/** A waiting handler continued on its own, after a timer or I/O, and ended. Its reply has no place in the order. */
export function endedLate(r: ReplicaState, finished: Finished): void {
  finish(r, reflectedBy(r), finished);
}

/**
 * A calling group may repeat a call that its former primary made already; the call takes effect once (DESIGN 5.7).
 *
 * @returns whether the call came before, and is complete with this
 */
function cameBefore(
  r: ReplicaState,
  entry: Entry,
  name: MessageName,
  { nested, method, message }: NestedUnary,
  work: CallWork | undefined,
): boolean {
  const standing = r.connections.callers.begin(nested, requestDigest(method, message), name);
  freeSettled(r);
  if (standing.kind === 'new') return false;
  if (work?.admission !== undefined) r.effects.push({ kind: 'dropAdmission', admission: work.admission });
  complete(r, entry, standing.kind === 'running' ? WAITS : standing.outcome, 0);
  return true;
}

/** The adapter answered `execute`. Answers of tasks that were abandoned are ignored. */
export function executed(r: ReplicaState, event: Extract<ReplicaEvent, { kind: 'executed' }>): void {
  const { task, outcome, digest: outcomeDigest, outputs, finished } = event;
  if (task.kind === 'read') {
    r.role.readExecuted(task, outcome, event.atOnce === true);
    return;
  }
  const running = r.running;
  if (running === undefined || running.task !== task) {
    // The task was abandoned, but other handlers that ended during it were not.
    for (const ended of finished ?? NO_FINISHED) endedLate(r, ended);
    return;
  }
  r.running = undefined;
  if (abandonedByOrder(r, running.entry)) complete(r, running.entry, ABANDONED, 0, NO_OUTPUTS, finished);
  else complete(r, running.entry, outcome, outcomeDigest, outputs, finished);
}

const abandonedByOrder = (r: ReplicaState, entry: Entry): boolean =>
  r.order.entries.get(next(entry.info.orderNum))?.info.kind === 'abandon';

/**
 * Leaves behind a handler that does not end, so that it cannot stop the group. The primary orders this, so that every
 * replica does the same.
 */
export function checkStall(r: ReplicaState): void {
  const running = r.running;
  if (running === undefined || r.nowMs - running.startedMs < r.config.stallMs) return;
  const { entry } = running;
  if (!abandonedByOrder(r, entry) && !r.role.stalled(entry, r.nowMs - running.startedMs)) return;
  r.running = undefined;
  r.effects.push({ kind: 'abandonTask', task: running.task });
  const { method } = running.task.request;
  r.log('warn', 'a handler did not end in time', { afterMs: r.config.stallMs, method, ...adviceOn(r, method) });
  complete(r, entry, ABANDONED, 0);
}

/** The user of a method whose handlers do not end is told once what may be missing. */
function adviceOn({ advised }: ReplicaState, method: string): { advice?: string } {
  if (method === '' || advised.has(method) || advised.size >= ADVISED_MAX) return {};
  advised.add(method);
  const slash = method.lastIndexOf('/');
  const name = `{ "service": "${method.slice(1, slash)}", "method": "${method.slice(slash + 1)}" }`;
  return { advice: `if it waits for a later call, set "waitsForOthers": true for ${name} in the service config` };
}

const ADVISED_MAX = 1024;
