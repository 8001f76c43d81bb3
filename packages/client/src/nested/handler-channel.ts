/** How grpc-js is led to make a handler's call on the handler's replica. */
import type { CallProperties, ChannelInterface, Deadline, experimental } from '@grpc/grpc-js';
import type { Handling } from '@understudy/context';
import { errorStatus } from '@understudy/grpc-common';
import { RefusedCall } from '../call/refused-call.js';
import { type Depart, HandlerCall } from './handler-call.js';

interface MethodKind {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** The channel of one call of a handler. It leads to the handler's replica. */
export class HandlerChannel {
  readonly #handling: Handling;
  readonly #method: MethodKind;
  readonly #depart: Depart;

  constructor(handling: Handling, method: MethodKind, depart: Depart) {
    this.#handling = handling;
    this.#method = method;
    this.#depart = depart;
  }

  /**
   * Makes the call. The server call that it is part of plays no role, because the deadline and the end of that call
   * differ from replica to replica.
   */
  createCall(path: string, deadline: Deadline, host: string | null | undefined): experimental.CallStream {
    const { requestStream, responseStream } = this.#method;
    if (!requestStream && !responseStream) {
      return new HandlerCall(this.#handling, { path, deadline, host: host ?? undefined }, this.#depart);
    }
    const reason = `a handler can make unary calls only; call ${path} outside of handlers, or call a unary method instead`;
    return new RefusedCall(errorStatus('UNDERSTUDY_UNSUPPORTED', reason));
  }
}

/** Makes grpc-js create a handler's call on a channel of ours instead of its client's. */
// biome-ignore lint/suspicious/noExplicitAny: grpc-js's own signature
export function divert(properties: CallProperties<any, any>, handling: Handling, depart: Depart): HandlerChannel {
  const channel = new HandlerChannel(handling, properties.methodDefinition, depart);
  // grpc-js uses nothing of a call's channel but `createCall`.
  properties.channel = channel satisfies Pick<ChannelInterface, 'createCall'> as unknown as ChannelInterface;
  return channel;
}
