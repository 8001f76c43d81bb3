/** A stream between the application and its session, as each side sees the other. */
import type { NestedPlace, Reply, StreamItem } from '@understudy/core/internal';
import type { OpenCall } from './open-call.js';

/** A stream of the application on its way through a session. Its `request` is the opening. */
export interface OpenStream extends OpenCall {
  readonly readOnly: false;
  /** Present if a handler of a group opens the stream. */
  readonly nested?: NestedPlace | undefined;
  /**
   * Takes the next item, which is initial metadata or a message. Items come in order, and none comes after `deliver` or
   * `fail`; those of kind 'window' and 'status' do not come here.
   *
   * @param index the item's position: 1, 2, 3 …
   */
  onItem(item: StreamItem, index: number): void;
  /** Says that there is room for the next message. */
  onWritable(): void;
  /** Says that what was sent on a nested stream at this position is in the group's order for good. */
  onTaken?(position: number): void;
  /** Ends the stream with its status: a reply without initial metadata and message. */
  deliver(outcome: Reply): void;
}

/** The runner of a session, as far as a stream uses it. */
export interface StreamSession {
  openStream(stream: OpenStream): void;
  /** Sends one message. The next may follow only after `onWritable`, which may be called before this returns. */
  sendMessage(stream: OpenStream, message: Uint8Array): void;
  halfClose(stream: OpenStream): void;
  /** Tells that the application has taken the items up to this one. */
  taken(stream: OpenStream, index: number): void;
  /** Ends the session's part in a stream with which another process is to go on. */
  leave?(stream: OpenStream): void;
  /** @returns whether the session may have sent any of the stream, or will */
  cancel(stream: OpenStream): boolean;
}

export const isStream = (call: OpenCall): call is OpenStream => 'onItem' in call;
