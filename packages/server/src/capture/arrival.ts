/** The calls of captured methods as they arrive from grpc-js. */
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from '@grpc/grpc-js';
import type { MethodKind } from './captured.js';

/** A unary call of a captured method that arrived as an RPC. */
export interface Arrival {
  readonly path: string;
  readonly call: ServerUnaryCall<Buffer, Buffer>;
  readonly callback: sendUnaryData<Buffer>;
}

/** A streaming call of a captured method that arrived as an RPC, with messages as bytes. */
export type StreamArrival =
  | {
      readonly kind: 'clientStream';
      readonly path: string;
      readonly call: ServerReadableStream<Buffer, Buffer>;
      readonly callback: sendUnaryData<Buffer>;
    }
  | { readonly kind: 'serverStream'; readonly path: string; readonly call: ServerWritableStream<Buffer, Buffer> }
  | { readonly kind: 'bidi'; readonly path: string; readonly call: ServerDuplexStream<Buffer, Buffer> };

/** Takes the calls that arrive. Must not throw. */
export interface Gateway {
  onCall(arrival: Arrival): void;
  onStream(arrival: StreamArrival): void;
}

type GatewayHandler =
  | handleUnaryCall<Buffer, Buffer>
  | handleClientStreamingCall<Buffer, Buffer>
  | handleServerStreamingCall<Buffer, Buffer>
  | handleBidiStreamingCall<Buffer, Buffer>;

/** The handler that grpc-js gets in place of the user's handler of the method at `path`. */
export function gatewayHandler(gateway: Gateway, kind: MethodKind, path: string): GatewayHandler {
  switch (kind) {
    case 'unary': {
      const onCall: handleUnaryCall<Buffer, Buffer> = (call, callback) => gateway.onCall({ path, call, callback });
      return onCall;
    }
    case 'clientStream': {
      const onStream: handleClientStreamingCall<Buffer, Buffer> = (call, callback) =>
        gateway.onStream({ kind, path, call, callback });
      return onStream;
    }
    case 'serverStream': {
      const onStream: handleServerStreamingCall<Buffer, Buffer> = (call) => gateway.onStream({ kind, path, call });
      return onStream;
    }
    case 'bidi': {
      const onStream: handleBidiStreamingCall<Buffer, Buffer> = (call) => gateway.onStream({ kind, path, call });
      return onStream;
    }
  }
}
