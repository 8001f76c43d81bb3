/** The callers of a replica, as the replica answers them. */
import type { ErrorCode } from '@understudy/core';
import type { Outcome, RpcReplyHeader, StreamItem } from '@understudy/core/internal';

/** The caller of an RPC at a replica, which waits for the outcome. */
export interface Caller {
  /** @param header for calls of sessions */
  answered(outcome: Outcome, header: RpcReplyHeader | undefined): void;
  failed(code: ErrorCode): void;
  /** The replica is gone, or begins another life. */
  lost(): void;
}

/** The caller of a stream. The call goes on after the answer to its opening, so the caller itself says when it is over. */
export interface StreamCaller extends Caller {
  item(item: StreamItem): void;
}

export const isStreamCaller = (caller: Caller): caller is StreamCaller => 'item' in caller;
