/** Finds out whether nice-grpc uses another copy of grpc-js than ours. */
import { Channel as GrpcChannel } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { Channel } from 'nice-grpc';

/**
 * With two copies, nice-grpc does not know our statuses: a failed call would reject with an error that is no ClientError,
 * which its middleware for retries and the application's own code do not understand.
 *
 * @param theirs the channel class of nice-grpc's copy
 * @throws UNDERSTUDY_SETUP
 */
export function checkOneGrpc(theirs: unknown = Channel): void {
  if (theirs !== GrpcChannel) throw otherGrpcError();
}

export const otherGrpcError = (): UnderstudyError =>
  new UnderstudyError(
    'UNDERSTUDY_SETUP',
    'nice-grpc uses another copy of grpc-js than @understudy/nice-grpc; `npm ls @grpc/grpc-js` shows them, `npm dedupe` or ' +
      '`overrides` in package.json leave one',
  );
