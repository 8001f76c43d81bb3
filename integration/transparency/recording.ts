/** Interceptors that record calls. */
import {
  InterceptingCall,
  type Interceptor,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from '@grpc/grpc-js';

/** Makes an interceptor of a client that notes everything that passes. */
export const recording =
  (name: string, notes: string[]): Interceptor =>
  (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        notes.push(`${name} start`);
        next(metadata, {
          onReceiveMetadata: (received, pass) => {
            notes.push(`${name} received metadata`);
            pass(received);
          },
          onReceiveMessage: (message, pass) => {
            notes.push(`${name} received ${message === null ? 'no message' : 'a message'}`);
            pass(message);
          },
          onReceiveStatus: (status, pass) => {
            notes.push(`${name} received status ${status.code}`);
            pass(status);
          },
        });
      },
      sendMessage: (message, next) => {
        notes.push(`${name} send`);
        next(message);
      },
      halfClose: (next) => {
        notes.push(`${name} half close`);
        next();
      },
      cancel: (next) => {
        notes.push(`${name} cancel`);
        next();
      },
    });

/** Makes an interceptor of a server that notes everything that passes. */
export const serverRecording =
  (name: string, notes: string[]): ServerInterceptor =>
  (method, call) => {
    // The replicas' own links pass this interceptor, too.
    if (!method.path.startsWith('/transparency.')) return call as ServerInterceptingCall;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        notes.push(`${name} start`);
        const listener = new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, pass) => {
            notes.push(`${name} received metadata`);
            pass(metadata);
          })
          .withOnReceiveMessage((message, pass) => {
            notes.push(`${name} received a message`);
            pass(message);
          })
          .withOnReceiveHalfClose((pass) => {
            notes.push(`${name} received half close`);
            pass();
          })
          .build();
        next(listener);
      },
      sendMetadata: (metadata, next) => {
        notes.push(`${name} send metadata`);
        next(metadata);
      },
      sendMessage: (message, next) => {
        notes.push(`${name} send a message`);
        next(message);
      },
      sendStatus: (status, next) => {
        notes.push(`${name} send status ${status.code}`);
        next(status);
      },
    });
  };
