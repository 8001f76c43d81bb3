/** Refuses versions of grpc-js in which replicas and clients would hang instead of working. */
import * as grpcJs from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';

const TOO_OLD =
  'this needs grpc-js 1.14, and an older one is installed, whose interfaces for calls and resolvers are others; ' +
  '`npm ls @grpc/grpc-js` shows what holds it back';

/**
 * @param grpc the module, of which older versions lack a part; by default the one that this package uses
 * @throws UNDERSTUDY_SETUP if it is older than 1.14
 */
export function checkGrpcVersion(grpc: object = grpcJs): void {
  const { experimental } = grpc as { readonly experimental?: Readonly<Record<string, unknown>> };
  if (typeof experimental?.statusOrFromValue === 'function') return;
  throw new UnderstudyError('UNDERSTUDY_SETUP', TOO_OLD);
}
