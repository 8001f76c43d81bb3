import type { ErrorCode } from '@understudy/core';
import type { CallId, Reply, Request } from '@understudy/core/internal';

/** A call of the application on its way through a session. */
export interface OpenCall {
  /** The session's runner sets it when the call is submitted. */
  id: CallId;
  readonly request: Request;
  readonly readOnly: boolean;
  /** The caller prefers waiting for a connection to being told that there is none. */
  readonly waitForReady: boolean;
  /** Ends the call with its reply. The application hears of it in a later turn, and so it does of `fail`. */
  deliver(outcome: Reply): void;
  /** Makes the call as an ordinary RPC: the group does not replicate its service, and nothing of it was sent. */
  passOn(): void;
  fail(code: ErrorCode, reason: string, mayHaveTakenEffect: boolean): void;
  /** Goes by another session, because this one ended before the call was sent. Absent if the call cannot. */
  resubmit?(): void;
}
