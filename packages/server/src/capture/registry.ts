/** Captures the user's handlers, so that the group decides when they run. */
import type { Server } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { identity, isUnreplicated, unwrapped } from '@understudy/grpc-common';
import { checkSameGrpc, earlyMethods } from '../checks/server.js';
import { type Gateway, gatewayHandler } from './arrival.js';
import type { CapturedMethod, CapturedUnary, Definition, Deserialize, MethodKind, Serialize } from './captured.js';
import { checkMessageLimits } from './message-limits.js';
import { unwrapHandlers } from './untraced.js';

type Register = Server['register'];

export interface HandlerRegistryOptions {
  readonly gateway: Gateway;
  /**
   * Services that are not captured, besides those that never are: `package.Service`, or `package.*` for all below a
   * package.
   */
  readonly unreplicated?: readonly string[];
  /** Whether executions are put into traces, so that instrumentation must not see the calls as well. */
  readonly traced?: boolean;
}

/** The methods of a server, captured as they are registered; grpc-js itself gets gateways in their place. */
export class HandlerRegistry {
  readonly #gateway: Gateway;
  readonly #unreplicated: readonly string[];
  readonly #traced: boolean;
  readonly #methods = new Map<string, CapturedMethod>();
  #attached = false;

  constructor(options: HandlerRegistryOptions) {
    this.#gateway = options.gateway;
    this.#unreplicated = options.unreplicated ?? [];
    this.#traced = options.traced === true;
  }

  /** The captured methods by path. */
  get methods(): ReadonlyMap<string, CapturedMethod> {
    return this.#methods;
  }

  get(path: string): CapturedMethod | undefined {
    return this.#methods.get(path);
  }

  /** The unary method at `path`; undefined also if there is a streaming method. */
  unary(path: string): CapturedUnary | undefined {
    const method = this.#methods.get(path);
    return method?.kind === 'unary' ? method : undefined;
  }

  /**
   * Captures every method of `server`: those that it has, and those that are registered from now on. Of the former grpc-js
   * has kept neither the client's half of the codec nor `idempotency_level`, so they are read-only only if the service
   * config says so.
   *
   * @throws UnderstudyError UNDERSTUDY_SETUP when called a second time, since a group has one server, when the server is
   *   another grpc-js's, or when its limits of message size are too low for frames
   */
  attach(server: Server): void {
    if (this.#attached) {
      throw new UnderstudyError('UNDERSTUDY_SETUP', 'attach() was called before; attach one server to a replica');
    }
    checkSameGrpc(server);
    checkMessageLimits(server);
    const early = earlyMethods(server);
    this.#attached = true;
    const { addService, register, unregister } = server;
    /** The definitions of the service being added, because `register` is not told them. */
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
      if (isUnreplicated(path, this.#unreplicated)) return original(path, handler, serialize, deserialize, type);
      const kind = type as MethodKind;
      if (!original(path, gatewayHandler(this.#gateway, kind, path), identity, identity, type)) return false;
      if (this.#traced) unwrapHandlers(server, [path]);
      const registered = { kind, path, handler, serialize: serialize as Serialize, deserialize };
      this.#methods.set(path, capture(registered, adding.get(path)));
      return true;
    };
    server.unregister = (path) => {
      this.#methods.delete(path);
      return unregister.call(server, path);
    };
    for (const { path, func, serialize, deserialize, type } of early) {
      if (isUnreplicated(path, this.#unreplicated)) continue;
      unregister.call(server, path);
      server.register(path, unwrapped(func) as never, serialize as never, deserialize as never, type as string);
    }
  }
}

interface Registered {
  readonly kind: MethodKind;
  readonly path: string;
  readonly handler: unknown;
  readonly serialize: Serialize;
  readonly deserialize: Deserialize;
}

function capture(registered: Registered, definition: Definition | undefined): CapturedMethod {
  const { kind, path, handler, serialize, deserialize } = registered;
  const captured = {
    kind,
    path,
    handler,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    requestSerialize: definition?.requestSerialize,
    responseDeserialize: definition?.responseDeserialize,
    readOnly: hasNoSideEffects(definition),
    descriptor: Object.freeze({
      path,
      requestStream: kind === 'clientStream' || kind === 'bidi',
      responseStream: kind === 'serverStream' || kind === 'bidi',
      requestDeserialize: deserialize,
      responseSerialize: serialize as Definition['responseSerialize'],
    }),
  };
  // grpc-js gave the kind and the handler together, which no type expresses.
  return captured as CapturedMethod;
}

/** proto-loader gives the option by name; descriptors that were decoded by hand give it by number. */
function hasNoSideEffects(definition: Definition | undefined): boolean {
  const options = (definition as { options?: { idempotency_level?: unknown } } | undefined)?.options;
  return options?.idempotency_level === 'NO_SIDE_EFFECTS' || options?.idempotency_level === 1;
}
