import type { PeerFrame, ReplicaHeader, ReplyFrame, SeqItem, SessionFrame, StreamAsk } from '../model/frames.js';
import { type ConnectionId, connectionKind } from '../model/ids.js';
import type { DueTimer, Request } from '../model/message.js';
import type { NestedCaller, NestedId } from '../model/nested.js';
import { type OrderInfo, seqNumOf } from '../model/order-info.js';
import type { Outcome } from '../model/outcome.js';
import type { SealedOrders } from '../model/sealed.js';
import type { ReplicaEffect } from '../replica/state/events.js';
import { short, textOf } from './text.js';
import { contentOf } from './world/virtual-seal.js';

/** `C1` for the session of client 1; otherwise the kind of the connection. */
const describeConnection = (id: ConnectionId): string =>
  connectionKind(id) === 'session' ? `C${Number.parseInt(id.slice(-3), 16)}` : connectionKind(id);

/** `at 5000`: only scenarios that set clocks have times. */
const describeTime = ({ timeMs }: OrderInfo): string => (timeMs === 0 ? '' : ` at ${timeMs}`);

/** `3=C1#2`: order 3 is message 2 of client 1. */
function describeOrder(info: OrderInfo): string {
  const connection = describeConnection(info.connection);
  const what = info.kind === 'call' ? '' : ` ${info.kind}`;
  const term = info.term === 1 ? '' : `/t${info.term}`;
  const digests = info.digestsState === true ? ' (digest!)' : '';
  return `${info.orderNum}=${connection}#${seqNumOf(info)}${what}${term}${describeTime(info)}${digests}`;
}

const orders = (infos: readonly OrderInfo[]): string => infos.map(describeOrder).join(' ');

/** Orders that clients carry, as the replicas read them; `forged` for boxes that no replica can open. */
const sealedOrders = (sealed: readonly SealedOrders[]): string =>
  orders(contentOf(sealed)) || (sealed.length > 0 ? 'forged' : '');

/** What a request asks for: its text, or its part in a stream. */
function ask({ message, stream, nested, reply, timer }: Request): string {
  if (timer !== undefined) return describeTimer(timer);
  if (reply !== undefined) return `reply to ${describeNested(reply.to)}: ${answer(reply.outcome)}`;
  const text = `${short(textOf(message))}${nested === undefined ? '' : ` (${describeCaller(nested)})`}`;
  if (stream === undefined) return text;
  switch (stream.kind) {
    case 'open':
      return `open ${text}`.trim();
    case 'message':
      return `${text}(${stream.of}.${stream.position})`;
    case 'end':
      return `end(${stream.of}.${stream.position})`;
    case 'cancel':
      return `cancel(${stream.of})`;
    default:
      return `credit(${stream.taken.map(({ of, upTo }) => `${of} to ${upTo}`).join(' ')})`;
  }
}

function describeItem({ stream, index, item, stable }: SeqItem): string {
  const what = item.kind === 'message' ? textOf(item.message) : item.kind;
  return `${stream}.${index} ${what}${stable ? ' stable' : ''}`;
}

const describeAsk = ({ of, received, awaitStable }: StreamAsk): string =>
  `${of} after ${received}${awaitStable ? ' (stable!)' : ''}`;

const describeNested = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;

/** `g/2 3.0`: the call that group g, in its term 2, made at order 3. */
function describeCaller({ client, term, id, settledUpTo, received, owner }: NestedCaller): string {
  const has = received === undefined ? '' : `, has items up to ${received}`;
  const settled = settledUpTo > 0 ? `, settled up to ${settledUpTo}` : '';
  return `${client.split('/')[0]}/${term} ${describeNested(id)}${settled}${has}${owner === undefined ? '' : ` by ${owner}`}`;
}

const answer = (outcome: Outcome): string => {
  if (outcome.kind !== 'reply') return WORDS[outcome.kind];
  return textOf(outcome.message) || outcome.details.split(':')[0] || `status ${outcome.code}`;
};

const WORDS: Readonly<Record<Exclude<Outcome['kind'], 'reply'>, string>> = {
  voided: 'UNDERSTUDY_VOIDED',
  abandoned: 'abandoned',
  accepted: 'OK',
  streamed: 'done',
  unknownStream: 'UNDERSTUDY_INDETERMINATE',
  waits: 'waits',
};

const list = (parts: readonly (string | false | undefined)[]): string => parts.filter(Boolean).join(', ');

/** One line for a frame that says something; heartbeats and the like say nothing. */
export function describeFrame(frame: PeerFrame | SessionFrame | ReplyFrame): string | undefined {
  switch (frame.kind) {
    case 'multicast': {
      const { requests, reads, header, streams } = frame;
      const said = list([
        requests.length > 0 &&
          `requests ${requests.map((one) => `#${one.seqNum} ${ask(one.request)}${one.awaitStable ? ' (stable!)' : ''}`).join(' ')}`,
        reads.length > 0 && `reads ${reads.map((one) => ask(one.request)).join(' ')}`,
        streams.length > 0 && `streams ${streams.map(describeAsk).join(' ')}`,
        header.destOrderInfo.length > 0 && `destOrderInfo ${sealedOrders(header.destOrderInfo)}`,
        header.closing && 'closing',
      ]);
      const isNull = header.destOrderInfo.length > 0 && requests.length + reads.length + streams.length === 0;
      return isNull ? `null message, ${said}` : said || undefined;
    }
    case 'backupReads':
      return `reads, after ${frame.after}: ${frame.reads.map((one) => ask(one.request)).join(' ')}`;
    case 'backupAnswers':
      return list([
        frame.answers.length > 0 &&
          `reads ${frame.answers.map((one) => `${short(answer(one.outcome))} of ${one.orderNum}`).join('; ')}`,
        frame.elsewhere.length > 0 && `leaves ${frame.elsewhere.length} reads to the primary`,
      ]);
    case 'collected':
      return `collected: orders [${sealedOrders(frame.orders)}], outstanding [${frame.outstanding.join(' ')}]`;
    case 'replies':
      return describeReplies(frame.header, [
        frame.replies.length > 0 &&
          `replies ${frame.replies.map((one) => `#${one.seqNum} ${answer(one.outcome)}${one.stable ? ' stable' : ''}`).join(' ')}`,
        frame.items.length > 0 && `items ${frame.items.map(describeItem).join(' ')}`,
        frame.reads.length > 0 &&
          `reads ${frame.reads.map((one) => `${answer(one.outcome)}${one.stable ? ' stable' : ''}`).join('; ')}`,
      ]);
    case 'newTerm':
      if ('view' in frame)
        return frame.collect ? `term ${frame.view.term}: what do you hold?` : `term ${frame.view.term}`;
      return frame.collect
        ? `term ${frame.record.term}: what do you hold beyond ${frame.heldUpTo}?`
        : `term ${frame.record.term}`;
    case 'nack':
      if ('seqNums' in frame) return `lacks #${frame.seqNums.join(' #')}`;
      return `lacks ${list([frame.ordersAfter !== undefined && `orders after ${frame.ordersAfter}`, frame.bodies.length > 0 && `bodies ${frame.bodies.map(({ seqNum }) => `#${seqNum}`).join(' ')}`])}`;
    case 'refused':
      return `refused ${frame.code}`;
    case 'announce': {
      const said = list([
        frame.orders.length > 0 && `announces ${orders(frame.orders)}`,
        frame.bodies.length > 0 && `bodies ${frame.bodies.map(({ request }) => ask(request)).join(' ')}`,
        frame.stateDigest && `state after ${frame.stateDigest.orderNum} is ${frame.stateDigest.value}`,
      ]);
      return said || undefined;
    }
    case 'bodies':
      return `bodies ${frame.bodies.map(({ request }) => ask(request)).join(' ')}`;
    case 'promise':
      return `promises: completed ${frame.completedUpTo}, orders [${orders(frame.orders)}], bodies [${frame.bodies.map(({ request }) => ask(request)).join(' ')}]`;
    case 'join':
      return 'asks to join';
    case 'checkpoint':
      return `checkpoint at ${frame.head.orderNum}${frame.join ? ' to start from' : ''}`;
    case 'piece':
      // A copy of a single chunk is shown when it is offered.
      return frame.piece.kind === 'state' && frame.index > 1
        ? `chunk ${frame.index}: ${textOf(frame.piece.bytes)}`
        : undefined;
    case 'pieceAck':
      return frame.answer === 'damaged' ? 'got a damaged copy' : undefined;
    case 'noCheckpoint':
      return `has no checkpoint: ${frame.reason}`;
    case 'ack': {
      const said = list([
        frame.heldUpTo > 0 && `holds up to ${frame.heldUpTo}`,
        frame.registered.length > 0 && `answers for ${frame.registered.map(describeConnection).join(' ')}`,
        frame.unregistered.length > 0 && `gave up ${frame.unregistered.map(describeConnection).join(' ')}`,
        frame.divergedAt !== undefined && `diverged at ${frame.divergedAt}`,
        frame.leaving && 'leaves',
      ]);
      return said || undefined;
    }
    case 'goodbye':
      return 'goodbye';
    default:
      return undefined;
  }
}

function describeReplies(header: ReplicaHeader, parts: readonly (string | false)[]): string | undefined {
  const said = list([
    ...parts,
    header.sourceOrderInfo.length > 0 && `sourceOrderInfo ${sealedOrders(header.sourceOrderInfo)}`,
  ]);
  return said && parts.every((part) => !part) ? `null message, ${said}` : said || undefined;
}

const fieldsOf = ({ fields }: Extract<ReplicaEffect, { kind: 'log' }>): string =>
  Object.entries(fields)
    .filter(([key]) => key !== 'term' && key !== 'role')
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

/** One line for an effect that is not a frame. */
export function describeEffect(effect: ReplicaEffect, calls: ReadonlyMap<number, string>): string | undefined {
  switch (effect.kind) {
    case 'execute': {
      const { task } = effect;
      const what = task.kind === 'ordered' ? `${task.info.orderNum}${describeTime(task.info)}` : 'a read';
      return `processes ${what}: ${ask(task.request)}`;
    }
    case 'streamMoved': {
      const [from, to] = [effect.from, effect.to].map(
        ({ connection, stream }) => `${describeConnection(connection)}#${stream}`,
      );
      return `goes on with stream ${from} as ${to}`;
    }
    case 'sendNested':
      return `calls another service: ${describeCaller(effect.caller)}${effect.again ? ', perhaps again' : ''}`;
    case 'abandonTask':
      return `leaves behind ${ask(effect.task.request)}`;
    case 'answerCall':
      return `answers ${calls.get(effect.call)} -> ${answer(effect.outcome)}${effect.reflects === undefined ? '' : `, of ${effect.reflects}`}`;
    case 'answerItem': {
      const { item } = effect;
      const what = item.kind === 'message' ? textOf(item.message) : item.kind;
      return `answers ${calls.get(effect.call)} << ${what}`;
    }
    case 'failCall':
      return `fails ${calls.get(effect.call)} ! ${effect.code}${effect.primary === undefined ? '' : `, primary ${effect.primary}`}`;
    case 'roleChanged':
      return `is ${effect.status.role}, term ${effect.status.term}`;
    case 'rejoin':
      return `rejoins: ${effect.reason}`;
    case 'stopped':
      return `stopped${effect.handedOverTo === undefined ? '' : `, handed over to ${effect.handedOverTo}`}`;
    case 'log':
      return effect.level === 'error' ? `log ${effect.event} ${fieldsOf(effect)}` : undefined;
    case 'answerOperator':
      return `answers the operator: ${effect.problem ?? 'it is under way'}`;
    case 'takeCheckpoint':
      return 'takes a checkpoint';
    case 'digestState':
      return `takes a digest of its state after ${effect.orderNum}`;
    case 'endDigest':
      return 'gives up the digest';
    case 'forgetHandlers':
      return 'forgets its handlers';
    case 'restoreState':
      return 'restores a checkpoint';
    default:
      return undefined;
  }
}

function describeTimer(timer: DueTimer): string {
  if (timer.kind === 'every') return `every ${timer.name}`;
  return timer.kind === 'raw' ? `timer ${describeNested(timer.id)}` : `after ${timer.name} ${describeNested(timer.id)}`;
}
