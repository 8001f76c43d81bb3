import type { ServerUnaryCall } from '@grpc/grpc-js';

/** Not exported by grpc-js. */
export type AuthContext = NonNullable<ReturnType<ServerUnaryCall<unknown, unknown>['getAuthContext']>>;
