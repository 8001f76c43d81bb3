import type { Reply, StreamItem } from '@understudy/core/internal';
import type { OpenCall } from './open-call.js';

/** A streaming call of the application on its way through a session. Its `request` is what opens it. */
export interface OpenStream extends OpenCall {
  readonly readOnly: false;
  /**
   * The next item, in order; never after `deliver` or `fail`. Initial metadata or a message: 'window' and 'status' do not
   * come here.
   *
   * @param index the item's position: 1, 2, 3 …
   */
  onItem(item: StreamItem, index: number): void;
  /** There is room for the next message. */
  onWritable(): void;
  /** The final status: an outcome without initial metadata and message. */
  deliver(outcome: Reply): void;
}

/** What the runner of a session does for a stream. */
export interface StreamSession {
  openStream(stream: OpenStream): void;
  /** One message at a time: the next only after `onWritable`, which may come before this returns. */
  sendMessage(stream: OpenStream, message: Uint8Array): void;
  halfClose(stream: OpenStream): void;
  /** The application has taken the items up to this one. */
  taken(stream: OpenStream, index: number): void;
  /** @returns whether the session may have sent any of it, or will */
  cancel(stream: OpenStream): boolean;
}

export const isStream = (call: OpenCall): call is OpenStream => 'onItem' in call;
