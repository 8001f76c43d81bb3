import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  Server,
  ServerUnaryCall,
  sendUnaryData,
} from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { failure, failWith } from './answer.js';
import type { CapturedMethod, Deserialize, Serialize, UnaryHandler } from './captured.js';

type Register = Server['register'];
type Definition = MethodDefinition<unknown, unknown>;

/** A call of a captured method that arrived as an RPC. */
export interface Arrival {
  readonly path: string;
  readonly call: ServerUnaryCall<Buffer, Buffer>;
  readonly callback: sendUnaryData<Buffer>;
}

/** Whoever turns arrivals into messages. Must not throw. */
export interface Gateway {
  onCall(arrival: Arrival): void;
}

export interface HandlerRegistryOptions {
  readonly gateway: Gateway;
  /**
   * Services that stay as they are: `package.Service`, or `package.*` for all below a package. Added to
   * {@link ALWAYS_UNREPLICATED}.
   */
  readonly unreplicated?: readonly string[];
}

/** What tells about one process can only be answered by that process. */
export const ALWAYS_UNREPLICATED: readonly string[] = [
  'understudy.v1.*',
  'grpc.health.v1.Health',
  'grpc.reflection.*',
  'grpc.channelz.*',
];

const identity = (bytes: Buffer): Buffer => bytes;

/** The unary methods of a server, captured as they are registered; grpc-js itself gets gateways in their place. */
export class HandlerRegistry {
  readonly #gateway: Gateway;
  readonly #unreplicated: readonly string[];
  readonly #methods = new Map<string, CapturedMethod>();
  #attached = false;

  constructor(options: HandlerRegistryOptions) {
    this.#gateway = options.gateway;
    this.#unreplicated = [...ALWAYS_UNREPLICATED, ...(options.unreplicated ?? [])];
  }

  /** The captured methods by path. */
  get methods(): ReadonlyMap<string, CapturedMethod> {
    return this.#methods;
  }

  get(path: string): CapturedMethod | undefined {
    return this.#methods.get(path);
  }

  /**
   * Captures every unary method that is registered with `server` from now on. Services that were added before stay as
   * they are, and grpc-js has no way to see them.
   *
   * @throws UnderstudyError UNDERSTUDY_SETUP when called a second time: one group, one server
   */
  attach(server: Server): void {
    if (this.#attached) {
      throw new UnderstudyError('UNDERSTUDY_SETUP', 'attach() was called before; attach one server to a replica');
    }
    this.#attached = true;
    const { addService, register, unregister } = server;
    /** The service being added: `register` is not told the definition. */
    let adding = new Map<string, Definition>();

    server.addService = (service, implementation) => {
      adding = new Map(Object.values(service ?? {}).map((definition) => [definition.path, definition]));
      try {
        addService.call(server, service, implementation);
      } finally {
        adding = new Map();
      }
    };
    server.register = (path, handler, serialize, deserialize, type) => {
      const original = register.bind(server) as Register;
      if (this.#passesUntouched(path)) return original(path, handler, serialize, deserialize, type);
      if (type !== 'unary') return original(path, refusal(type, path), identity, identity, type);
      if (!original(path, this.#gatewayFor(path), identity, identity, type)) return false;
      const halves = { handler: handler as UnaryHandler, serialize: serialize as Serialize, deserialize };
      this.#methods.set(path, capture(path, halves, adding.get(path)));
      return true;
    };
    server.unregister = (path) => {
      this.#methods.delete(path);
      return unregister.call(server, path);
    };
  }

  #gatewayFor(path: string): handleUnaryCall<Buffer, Buffer> {
    return (call, callback) => this.#gateway.onCall({ path, call, callback });
  }

  #passesUntouched(path: string): boolean {
    const service = path.slice(1, path.lastIndexOf('/'));
    return this.#unreplicated.some((name) =>
      name.endsWith('.*') ? service.startsWith(name.slice(0, -1)) : service === name,
    );
  }
}

interface RegisteredHalves {
  readonly handler: UnaryHandler;
  readonly serialize: Serialize;
  readonly deserialize: Deserialize;
}

function capture(path: string, halves: RegisteredHalves, definition: Definition | undefined): CapturedMethod {
  return {
    path,
    handler: halves.handler,
    requestDeserialize: halves.deserialize,
    responseSerialize: halves.serialize,
    requestSerialize: definition?.requestSerialize,
    responseDeserialize: definition?.responseDeserialize,
    readOnly: hasNoSideEffects(definition),
    descriptor: Object.freeze({
      path,
      requestStream: false,
      responseStream: false,
      requestDeserialize: halves.deserialize,
      responseSerialize: halves.serialize as Definition['responseSerialize'],
    }),
  };
}

/** proto-loader gives the option by name, descriptors that were decoded by hand by number. */
function hasNoSideEffects(definition: Definition | undefined): boolean {
  const options = (definition as { options?: { idempotency_level?: unknown } } | undefined)?.options;
  return options?.idempotency_level === 'NO_SIDE_EFFECTS' || options?.idempotency_level === 1;
}

type StreamingHandler =
  | handleClientStreamingCall<Buffer, Buffer>
  | handleServerStreamingCall<Buffer, Buffer>
  | handleBidiStreamingCall<Buffer, Buffer>;

/** A handler that ends every call of a streaming method before anything happened. */
function refusal(type: string, path: string): StreamingHandler {
  const reason = `${path} is a streaming method; only unary methods are replicated`;
  if (type === 'clientStream') {
    const refuse: handleClientStreamingCall<Buffer, Buffer> = (_call, callback) =>
      failWith(callback, 'UNDERSTUDY_UNSUPPORTED', reason);
    return refuse;
  }
  const refuse: handleServerStreamingCall<Buffer, Buffer> = (call) =>
    void call.emit('error', failure('UNDERSTUDY_UNSUPPORTED', reason));
  return refuse;
}
