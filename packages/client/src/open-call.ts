import type { ErrorCode } from '@understudy/core';
import type { CallId, Reply, Request } from '@understudy/core/internal';

/** A unary call of the application on its way through a session. */
export interface OpenCall {
  /** Given by the session's runner when the call is submitted. */
  id: CallId;
  readonly request: Request;
  readonly readOnly: boolean;
  /** The caller would rather wait for a connection than be told that there is none. */
  readonly waitForReady: boolean;
  /** Both end the call; the application hears of it in a later turn. */
  deliver(outcome: Reply): void;
  fail(code: ErrorCode, reason: string, mayHaveTakenEffect: boolean): void;
}
