/** Handlers that keep what they give to their callers. */
import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { type Seen, seenError, seenValue } from './output.js';

type Definition = MethodDefinition<unknown, unknown>;
/** The common form of handlers of all kinds. */
export type AnyHandler = (call: object, callback?: unknown) => unknown;
type Callback = (error: unknown, value?: unknown, ...more: unknown[]) => void;
type Record = (seen: Seen) => void;

/** Each handler of an implementation, by the path of its method. */
export function handlersOf(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Map<string, AnyHandler> {
  const handlers = new Map<string, AnyHandler>();
  for (const [name, { path, originalName }] of Object.entries(service)) {
    const found = implementation[name] ?? (originalName === undefined ? undefined : implementation[originalName]);
    if (typeof found === 'function') handlers.set(path, (found as unknown as AnyHandler).bind(implementation));
  }
  return handlers;
}

/** Runs a handler, and passes `record` everything that its caller gets. */
export function runRecorded(handler: AnyHandler, definition: Definition, record: Record, given: unknown[]): unknown {
  const [call, callback] = given as [object, Callback | undefined];
  const { responseStream, responseSerialize } = definition;
  const value = (reply: unknown): void => record(seenValue(reply, responseSerialize));
  if (responseStream) recordStream(call as StreamCall, value, record);
  const answer =
    responseStream || callback === undefined
      ? callback
      : (error: unknown, reply?: unknown, ...more: unknown[]): void => {
          if (error) record(seenError(error));
          else value(reply);
          callback(error, reply, ...more);
        };
  try {
    const returned = handler(call, answer);
    if (returned instanceof Promise) returned.catch((error: unknown) => record(seenError(error)));
    return returned;
  } catch (error) {
    record(seenError(error));
    throw error;
  }
}

interface StreamCall {
  write(message: unknown, ...more: unknown[]): boolean;
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

function recordStream(call: StreamCall, value: (message: unknown) => void, record: Record): void {
  const { write, emit } = call;
  call.write = (message, ...more) => {
    value(message);
    return write.call(call, message, ...more);
  };
  call.emit = (event, ...args) => {
    if (event === 'error') record(seenError(args[0]));
    return emit.call(call, event, ...args);
  };
}
