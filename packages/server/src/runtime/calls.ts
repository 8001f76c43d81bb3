import { UnderstudyError } from '@understudy/core';
import {
  type CallId,
  type GroupConfig,
  methodSettings,
  type Outcome,
  type ReplicaEffect,
  type Request,
  type RpcReplyHeader,
  type RpcRequestHeader,
  replyOf,
  type StreamItem,
} from '@understudy/core/internal';
import { decodeCaller, decodeRpcRequestHeader, encodeRpcReplyHeader, HEADER_MAX_BYTES } from '@understudy/wire';
import {
  type Arrival,
  answer,
  failWith,
  type HandlerRegistry,
  type IncomingCall,
  incomingCall,
  type StreamArrival,
} from '../handlers/index.js';
import type { EventLoop } from './event-loop.js';
import type { AuthContext } from './grpc-types.js';
import { StreamCalls } from './stream-calls.js';

let lastCall = 0;

export interface CallsOptions {
  readonly loop: EventLoop;
  readonly config: GroupConfig;
  readonly registry: HandlerRegistry;
}

type Origin = Pick<Arrival['call'], 'getHost' | 'getAuthContext'>;

interface Waiting {
  readonly arrival: Arrival;
  /** It came from one of our clients, which ask again by themselves. */
  readonly ofSession: boolean;
}

/** Calls that came as RPCs and wait for their answer, in one life of a replica. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting = new Map<CallId, Waiting>();
  readonly #streams: StreamCalls;
  readonly #readOnly = new Map<string, boolean>();
  /** For interceptors, which may ask the RPC what only it can tell. */
  readonly #origins = new WeakMap<Request, Origin>();

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#streams = new StreamCalls({
      loop: options.loop,
      nextId: () => ++lastCall as CallId,
      onRequest: (request, { call }) => this.#origins.set(request, call),
    });
  }

  /** A call of a captured method. Never throws. */
  accept(arrival: Arrival): void {
    const incoming = incomingCall(arrival.call, arrival.call.request);
    let request: Request;
    let header: RpcRequestHeader | undefined;
    try {
      request = withCaller(incoming);
      header = incoming.header && decodeRpcRequestHeader(incoming.header);
    } catch (error) {
      const reason = error instanceof UnderstudyError ? error.message : 'the header cannot be decoded';
      failWith(arrival.callback, 'UNDERSTUDY_MALFORMED', reason);
      return;
    }
    const { peer } = incoming;
    if (header !== undefined) {
      const call = this.#wait(arrival, request, true);
      this.#options.loop.dispatch({ kind: 'rpcCall', call, peer, header, request });
      return;
    }
    const readOnly = this.#isReadOnly(arrival.path);
    const keyed = readOnly ? request : withKey(request, incoming.idempotencyKey, arrival.call.getAuthContext());
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

  answer(id: CallId, outcome: Outcome, header: RpcReplyHeader | undefined): void {
    if (this.#streams.onOutcome(id, outcome)) return;
    const waiting = this.#take(id);
    if (waiting === undefined) return;
    const { call, callback } = waiting.arrival;
    const reply = replyOf(outcome);
    if (header === undefined) {
      answer(call, callback, reply);
      return;
    }
    const bytes = encodeRpcReplyHeader(header);
    if (bytes.length <= HEADER_MAX_BYTES) answer(call, callback, reply, bytes);
    // The client asks again and gets the reply when what it reflects is stable.
    else
      failWith(
        callback,
        'UNDERSTUDY_INDETERMINATE',
        `the reply reflects more orders than ${HEADER_MAX_BYTES} bytes hold`,
      );
  }

  fail({ call, code, reason, primary }: Extract<ReplicaEffect, { kind: 'failCall' }>): void {
    if (this.#streams.fail(call, code, reason, primary)) return;
    const waiting = this.#take(call);
    if (waiting !== undefined) failWith(waiting.arrival.callback, code, reason, primary);
  }

  /** This life ends: whoever still waits is told that nobody knows, except for those who ask the next primary anyway. */
  failAll(): void {
    this.#streams.failAll();
    for (const [id, { arrival, ofSession }] of this.#waiting) {
      this.#waiting.delete(id);
      if (ofSession) failWith(arrival.callback, 'UNDERSTUDY_NOT_PRIMARY', 'this replica serves no longer');
      else failWith(arrival.callback, 'UNDERSTUDY_INDETERMINATE', 'this replica ended; the call may have taken effect');
    }
  }

  #wait(arrival: Arrival, request: Request, ofSession: boolean): CallId {
    const id = ++lastCall as CallId;
    this.#waiting.set(id, { arrival, ofSession });
    this.#origins.set(request, arrival.call);
    // grpc-js emits it after every end.
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

/** @throws UNDERSTUDY_MALFORMED */
const withCaller = ({ request, caller }: IncomingCall): Request =>
  caller === undefined ? request : { ...request, nested: decodeCaller(caller) };

/**
 * A key belongs to whoever uses it: the subject of the caller's certificate where there is one, else everybody alike. Not
 * the caller's address, since a retry may come over another connection.
 */
function withKey(request: Request, idempotencyKey: string | undefined, context: AuthContext | null): Request {
  if (idempotencyKey === undefined) return request;
  const subject = context?.sslPeerCertificate?.subject;
  const identity = subject === undefined ? '' : JSON.stringify(subject);
  return { ...request, key: JSON.stringify([identity, request.method, idempotencyKey]) };
}
