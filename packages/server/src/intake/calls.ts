/** The RPCs that a life of a replica has taken and not answered yet. */
import { UnderstudyError } from '@understudy/core';
import {
  type CallId,
  type GroupConfig,
  methodSettings,
  type OrderNum,
  type Reply,
  type Request,
  type RpcRequestHeader,
  replyOf,
  type StreamItem,
} from '@understudy/core/internal';
import { ORDER_NUM_KEY, sentenceOf } from '@understudy/grpc-common';
import { decodeCaller, decodeRpcRequestHeader, encodeRpcReplyHeader, HEADER_MAX_BYTES } from '@understudy/wire';
import type { Arrival, StreamArrival } from '../capture/arrival.js';
import type { HandlerRegistry } from '../capture/registry.js';
import type { EffectOf, EventLoop } from '../loop/event-loop.js';
import { answer, failWith, LIFE_ENDED } from './answer.js';
import { type CallerNames, identityOf } from './identity.js';
import { type IncomingCall, incomingCall } from './incoming-call.js';
import { StreamCalls } from './stream-calls.js';

const SERVES_NO_MORE = 'this replica does not serve any more; the client asks the next primary';

let lastCall = 0;

export interface CallsOptions {
  readonly loop: EventLoop;
  readonly config: GroupConfig;
  readonly registry: HandlerRegistry;
  readonly callers: CallerNames;
}

type Origin = Pick<Arrival['call'], 'getHost' | 'getAuthContext'>;

interface Waiting {
  readonly arrival: Arrival;
  /** Whether the call came from a client of ours, which asks again by itself. */
  readonly ofSession: boolean;
}

/**
 * Turns the RPCs that arrive into messages, and answers each RPC with the outcome of its message, in one life of a
 * replica.
 */
export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting = new Map<CallId, Waiting>();
  readonly #streams: StreamCalls;
  readonly #readOnly = new Map<string, boolean>();
  /** The RPC of each request, for interceptors that need properties only an RPC has. */
  readonly #origins = new WeakMap<Request, Origin>();

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#streams = new StreamCalls({
      loop: options.loop,
      nextId: () => ++lastCall as CallId,
      onRequest: (request, { call }) => this.#origins.set(request, call),
    });
  }

  /** Takes a call of a captured method. Never throws. */
  accept(arrival: Arrival): void {
    const incoming = incomingCall(arrival.call, arrival.call.request);
    let request: Request;
    let header: RpcRequestHeader | undefined;
    const identity = identityOf(arrival.call.getAuthContext());
    try {
      request = this.#options.callers.owned(withCaller(incoming), identity);
      header = incoming.header && decodeRpcRequestHeader(incoming.header);
    } catch (error) {
      const reason = error instanceof UnderstudyError ? sentenceOf(error) : 'the header cannot be decoded';
      failWith(arrival, 'UNDERSTUDY_MALFORMED', reason);
      return;
    }
    const { peer } = incoming;
    if (header !== undefined) {
      const call = this.#wait(arrival, request, true);
      const event = { kind: 'rpcCall', call, peer, header, request } as const;
      this.#options.loop.dispatch(identity === undefined ? event : { ...event, identity });
      return;
    }
    const readOnly = this.#isReadOnly(arrival.path);
    const keyed = readOnly ? request : withKey(request, incoming.idempotencyKey, identity);
    const call = this.#wait(arrival, keyed, false);
    this.#options.loop.dispatch({ kind: 'plainCall', call, peer, readOnly, request: keyed });
  }

  origin(request: Request): Origin | undefined {
    return this.#origins.get(request);
  }

  acceptStream(arrival: StreamArrival): void {
    this.#streams.accept(arrival);
  }

  answerItem(id: CallId, item: StreamItem): void {
    this.#streams.onItem(id, item);
  }

  answer({ call: id, outcome, header, reflects }: EffectOf<'answerCall'>): void {
    if (this.#streams.onOutcome(id, outcome)) return;
    const waiting = this.#take(id);
    if (waiting === undefined) return;
    const { call, callback } = waiting.arrival;
    const reply = reflects === undefined ? replyOf(outcome) : reflecting(replyOf(outcome), reflects);
    if (header === undefined) {
      answer(call, callback, reply);
      return;
    }
    const bytes = encodeRpcReplyHeader(header);
    if (bytes.length <= HEADER_MAX_BYTES) {
      answer(call, callback, reply, bytes);
      return;
    }
    // The client asks again, and gets the reply when the orders it reflects are stable.
    const reason = `the reply reflects more orders than ${HEADER_MAX_BYTES} bytes hold; the client asks again`;
    failWith(waiting.arrival, 'UNDERSTUDY_INDETERMINATE', reason);
  }

  fail({ call, code, reason, primary }: EffectOf<'failCall'>): void {
    if (this.#streams.fail(call, code, reason, primary)) return;
    const waiting = this.#take(call);
    if (waiting !== undefined) failWith(waiting.arrival, code, reason, primary);
  }

  /**
   * Answers all calls, because this life ends. Sessions ask the next primary anyway; all other callers are told that
   * the outcome is unknown.
   */
  failAll(): void {
    this.#streams.failAll();
    for (const [id, { arrival, ofSession }] of this.#waiting) {
      this.#waiting.delete(id);
      if (ofSession) failWith(arrival, 'UNDERSTUDY_NOT_PRIMARY', SERVES_NO_MORE);
      else failWith(arrival, 'UNDERSTUDY_INDETERMINATE', LIFE_ENDED);
    }
  }

  #wait(arrival: Arrival, request: Request, ofSession: boolean): CallId {
    const id = ++lastCall as CallId;
    this.#waiting.set(id, { arrival, ofSession });
    this.#origins.set(request, arrival.call);
    // grpc-js emits this after every end.
    arrival.call.on('cancelled', () => {
      if (this.#waiting.delete(id)) this.#options.loop.dispatch({ kind: 'callGone', call: id });
    });
    return id;
  }

  #take(id: CallId): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #isReadOnly(path: string): boolean {
    let readOnly = this.#readOnly.get(path);
    if (readOnly === undefined) {
      const { config, registry } = this.#options;
      readOnly = methodSettings(config, path).readOnly || registry.get(path)?.readOnly === true;
      this.#readOnly.set(path, readOnly);
    }
    return readOnly;
  }
}

/** Says in a trailer which order an answer reflects. */
const reflecting = (reply: Reply, orderNum: OrderNum): Reply => ({
  ...reply,
  trailers: [...(reply.trailers ?? []), [ORDER_NUM_KEY, String(orderNum)]],
});

/** @throws UNDERSTUDY_MALFORMED */
const withCaller = ({ request, caller }: IncomingCall): Request =>
  caller === undefined ? request : { ...request, nested: decodeCaller(caller) };

/**
 * Adds the owner of an idempotency key: the subject of the caller's certificate, or all callers alike without
 * certificates. The caller's address plays no role, because a retry may come over another connection.
 */
function withKey(request: Request, idempotencyKey: string | undefined, identity = ''): Request {
  if (idempotencyKey === undefined) return request;
  return { ...request, key: JSON.stringify([identity, request.method, idempotencyKey]) };
}
