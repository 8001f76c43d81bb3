import {
  type CallCredentials,
  type ChannelInterface,
  type Deadline,
  type Metadata,
  status as Status,
} from '@grpc/grpc-js';
import type { Sent } from '@understudy/context';
import type { Reply } from '@understudy/core/internal';
import type { InterceptingCallInterface } from './grpc-types.js';
import { replyOutcome } from './reply-outcome.js';
import { messageOf } from './statuses.js';

/** What a call on a channel is made with. */
export interface CallTarget {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly deadline: Deadline;
  readonly host: string | undefined;
}

/** What a handler said of its call, apart from metadata and message. */
export interface CallSettings extends CallTarget {
  readonly credentials: CallCredentials | undefined;
}

/** A call that takes and gives messages as bytes. */
export type BytesCall = Pick<
  InterceptingCallInterface,
  'start' | 'startRead' | 'sendMessageWithContext' | 'halfClose' | 'cancelWithStatus'
>;

const NOTHING_SENT: Sent = Object.freeze({ cancel() {} });

/**
 * Makes a unary call whose messages are bytes, and gathers what it comes to.
 *
 * @param open makes the call; what it throws is what the call comes to
 * @param done called exactly once, in a later turn
 */
export function sendCall(
  open: () => BytesCall,
  metadata: Metadata,
  message: Buffer,
  done: (outcome: Reply) => void,
): Sent {
  let call: BytesCall;
  try {
    call = open();
  } catch (error) {
    process.nextTick(done, { code: Status.UNAVAILABLE, details: messageOf(error) });
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
      // gRPC holds an end back behind messages that nobody reads, so one too many would never show.
      call.startRead();
    },
    onReceiveStatus: (status) => done(replyOutcome(initial, reply, status)),
  });
  call.startRead();
  call.sendMessageWithContext({}, message);
  call.halfClose();
  return { cancel: () => call.cancelWithStatus(Status.CANCELLED, 'Cancelled on client') };
}

/** A call on a channel of grpc-js, which is part of no server call whatever the handler said. */
export function channelCall(
  channel: Pick<ChannelInterface, 'createCall'>,
  { path, deadline, host, credentials }: CallSettings,
): BytesCall {
  const call = channel.createCall(path, deadline, host, null, null);
  if (credentials !== undefined) call.setCredentials(credentials);
  return call;
}
