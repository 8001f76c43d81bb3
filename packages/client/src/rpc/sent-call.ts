/** Calls that really leave the process when handlers make calls. */
import {
  type CallCredentials,
  type ChannelInterface,
  type Deadline,
  type Metadata,
  status as Status,
} from '@grpc/grpc-js';
import type { SentCall } from '@understudy/context';
import { assert, type NestedCaller, type NestedPlace, type Reply } from '@understudy/core/internal';
import { type InterceptingCallInterface, messageOf } from '@understudy/grpc-common';
import { replyOutcome } from './reply-outcome.js';

/** The arguments that a call on a channel is made with. */
export interface CallTarget {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly deadline: Deadline;
  readonly host: string | undefined;
}

/** Which sides of a call send several messages. */
export interface MethodKind {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** The settings that a handler gave its call, besides metadata and message. */
export interface CallSettings extends CallTarget, MethodKind {
  readonly credentials: CallCredentials | undefined;
}

/**
 * Makes the call that really leaves. It is then started with `metadata`, to which this may add.
 *
 * @param place for a stream: how far it is, and whether it may have been opened before
 * @returns undefined if the stream was opened before and cannot be resumed
 */
export type Depart = (
  settings: CallSettings,
  metadata: Metadata,
  caller: NestedCaller,
  place?: NestedPlace,
) => BytesCall | ResumableStream | undefined;

/** A call whose messages are bytes. */
export type BytesCall = Pick<
  InterceptingCallInterface,
  'start' | 'startRead' | 'sendMessageWithContext' | 'halfClose' | 'cancelWithStatus'
>;

/** A stream with which another process can go on. */
export interface ResumableStream extends BytesCall {
  /** The last item that the listener was told of. */
  readonly toldUpTo: number;
  /** Says that the items up to this one are not needed again. */
  take(upTo: number): void;
  /**
   * Calls `then` once what was sent up to this position is not needed again. A half-close counts as a message. Only one
   * caller may wait at a time.
   */
  whenTaken(position: number, then: () => void): void;
  /** Ends this process's part in the stream, which goes on. */
  leave(): void;
}

const NOTHING_SENT: SentCall = Object.freeze({ cancel() {} });

/**
 * Makes a unary call whose messages are bytes, and gathers its reply.
 *
 * @param open makes the call; if it throws, that is the outcome of the call
 * @param done called exactly once, in a later turn
 */
export function sendCall(
  open: () => BytesCall | undefined,
  metadata: Metadata,
  message: Buffer,
  done: (outcome: Reply) => void,
): SentCall {
  let call: BytesCall;
  try {
    const opened = open();
    assert(opened !== undefined, () => 'a unary call is opened whenever it is sent');
    call = opened;
  } catch (error) {
    process.nextTick(done, { kind: 'reply', code: Status.UNAVAILABLE, details: messageOf(error) });
    return NOTHING_SENT;
  }
  let initial: Metadata | undefined;
  let reply: Buffer | undefined;
  call.start(metadata, {
    onReceiveMetadata: (received) => {
      initial = received;
    },
    onReceiveMessage: (received: Buffer | null) => {
      if (reply !== undefined) {
        call.cancelWithStatus(Status.UNIMPLEMENTED, 'Too many responses received');
        return;
      }
      reply = received ?? undefined;
      // gRPC holds the end back behind messages that were not read, so without this read a second message would never
      // show.
      call.startRead();
    },
    onReceiveStatus: (status) => done(replyOutcome(initial, reply, status)),
  });
  call.startRead();
  call.sendMessageWithContext({}, message);
  call.halfClose();
  return { cancel: () => call.cancelWithStatus(Status.CANCELLED, 'Cancelled on client') };
}

/** Makes a call on a channel of grpc-js. It is part of no server call, whatever the handler said. */
export function channelCall(
  channel: Pick<ChannelInterface, 'createCall'>,
  { path, deadline, host, credentials }: CallSettings,
): BytesCall {
  const call = channel.createCall(path, deadline, host, null, null);
  if (credentials !== undefined) call.setCredentials(credentials);
  return call;
}
