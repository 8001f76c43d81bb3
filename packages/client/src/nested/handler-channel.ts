import type { CallProperties, ChannelInterface, Deadline, experimental } from '@grpc/grpc-js';
import type { Handling } from '@understudy/context';
import { errorStatus } from '@understudy/grpc-common';
import { RefusedCall } from '../call/refused-call.js';
import { type Depart, HandlerCall } from './handler-call.js';

interface MethodKind {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** On which one call of a handler is made: it leads to the handler's replica. */
export class HandlerChannel {
  readonly #handling: Handling;
  readonly #method: MethodKind;
  readonly #depart: Depart;

  constructor(handling: Handling, method: MethodKind, depart: Depart) {
    this.#handling = handling;
    this.#method = method;
    this.#depart = depart;
  }

  /** The server call that it is made part of does not count: its deadline and its end are not the group's. */
  createCall(path: string, deadline: Deadline, host: string | null | undefined): experimental.CallStream {
    const { requestStream, responseStream } = this.#method;
    if (!requestStream && !responseStream) {
      return new HandlerCall(this.#handling, { path, deadline, host: host ?? undefined }, this.#depart);
    }
    const reason = `a handler can make unary calls only; call ${path} outside of handlers, or a unary method in its stead`;
    return new RefusedCall(errorStatus('UNDERSTUDY_UNSUPPORTED', reason));
  }
}

/** Has a call of a handler made on a channel of ours instead of its client's. */
// biome-ignore lint/suspicious/noExplicitAny: grpc-js's own signature
export function divert(properties: CallProperties<any, any>, handling: Handling, depart: Depart): HandlerChannel {
  const channel = new HandlerChannel(handling, properties.methodDefinition, depart);
  // Of a call's channel grpc-js asks no more than the call.
  properties.channel = channel satisfies Pick<ChannelInterface, 'createCall'> as unknown as ChannelInterface;
  return channel;
}
