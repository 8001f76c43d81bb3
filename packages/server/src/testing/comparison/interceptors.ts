/** What interceptors of users may do to a unary call, as lists of interceptors for tests. */
import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerListener,
  status,
} from '@grpc/grpc-js';

export const withMetadata = (key: string, value: string): Metadata => {
  const metadata = new Metadata();
  metadata.set(key, value);
  return metadata;
};

export const listening =
  (listener: ServerListener): ServerInterceptor =>
  (_method, call) =>
    new ServerInterceptingCall(call, { start: (next) => next(listener) });

export const refuse = (call: ServerInterceptingCallInterface, details: string) =>
  call.sendStatus({ code: status.UNAUTHENTICATED, details, metadata: withMetadata('www-authenticate', 'token') });

/** Lists of interceptors as a user gives them, the first nearest the wire. */
