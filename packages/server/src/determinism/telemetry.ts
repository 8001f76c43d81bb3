/** Keeps what OpenTelemetry's SDK does with a handler's spans and log records out of the order. */
import { handle, realOf } from '@understudy/context';
import { disguise } from './replace.js';

interface Processor {
  [event: string]: unknown;
}

/** Where OpenTelemetry's API packages keep what a program has registered with them. */
const API = Symbol.for('opentelemetry.js.api.1');
const LOGS_API = Symbol.for('io.opentelemetry.js.api.logs');
/** The version that API packages ask the registered logs for. */
const LOGS_VERSION = 1;

/** The hooks by which an SDK hears of spans and log records, called within the handler that made them. */
const EVENTS = ['onStart', 'onEnding', 'onEnd', 'onEmit'];

/**
 * Runs span and log processors outside of handlers. They batch and export with timers and promises, on the primary more than on
 * backups, whose spans may not be recorded: those must not become timers of the order.
 *
 * The SDK has no public way to its processors. Where a future one keeps them elsewhere, nothing happens here.
 */
export function keepTelemetryOutside(): void {
  for (const processor of [spanProcessor(), logProcessor()]) {
    if (processor === undefined) continue;
    for (const event of EVENTS) moveOutside(processor, event);
  }
}

function moveOutside(processor: Processor, event: string): void {
  const real = processor[event];
  if (typeof real !== 'function' || realOf(real) !== real) return;
  const outside = (...args: unknown[]): unknown => handle(undefined, () => Reflect.apply(real, processor, args));
  processor[event] = disguise(outside, real);
}

function spanProcessor(): Processor | undefined {
  const registered = member(member(globalThis, API), 'trace');
  const provider = call(registered, 'getDelegate') ?? registered;
  return object(member(provider, '_activeSpanProcessor')) ?? object(member(provider, 'activeSpanProcessor'));
}

function logProcessor(): Processor | undefined {
  const provider = call(globalThis, LOGS_API, LOGS_VERSION);
  return object(member(member(provider, '_sharedState'), 'activeProcessor'));
}

const object = (value: unknown): Processor | undefined =>
  typeof value === 'object' && value !== null ? (value as Processor) : undefined;

function member(of: unknown, name: string | symbol): unknown {
  return of === undefined || of === null ? undefined : (of as Record<string | symbol, unknown>)[name];
}

function call(of: unknown, name: string | symbol, ...args: unknown[]): unknown {
  const method = member(of, name);
  return typeof method === 'function' ? Reflect.apply(method, of, args) : undefined;
}
