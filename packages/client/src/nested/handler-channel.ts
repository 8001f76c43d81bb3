/** Leads grpc-js to make a handler's call on the handler's replica. */
import type { CallProperties, ChannelInterface, Deadline, experimental } from '@grpc/grpc-js';
import type { Handling } from '@understudy/context';
import { HandlerStream } from '../nested-streams/handler-stream.js';
import type { Depart, MethodKind } from '../rpc/sent-call.js';
import { HandlerCall } from './handler-call.js';

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
    const target = { path, deadline, host: host ?? undefined };
    if (!requestStream && !responseStream) return new HandlerCall(this.#handling, target, this.#depart);
    return new HandlerStream(this.#handling, { ...target, requestStream, responseStream }, this.#depart);
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
