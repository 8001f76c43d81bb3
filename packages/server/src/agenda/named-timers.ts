/** The named timers of a service: their handlers, and the periods of those that repeat. */
import { deserialize, serialize } from 'node:v8';
import { UnderstudyError } from '@understudy/core';
import type { CapturedUnary } from '../capture/captured.js';

/** The handler of a timer. It may end later, as any handler may. */
export type TimerHandler = (payload: never) => unknown;

/** The most bytes of a payload. It is kept until the timer is due, and is in every checkpoint. */
export const PAYLOAD_MAX_BYTES = 65_536;
const NAME_MAX = 255;
/** No timer is longer than a year, so that its time fits everywhere. */
const DELAY_MAX_MS = 366 * 24 * 3600 * 1000;

/** Handlers by name, registered before the replica starts: all replicas must have the same ones. */
export class NamedTimers {
  readonly #captured = new Map<string, CapturedUnary>();
  readonly #periods = new Map<string, number>();
  #begun = false;

  /** The periods of repeating timers, by name. */
  get periods(): ReadonlyMap<string, number> {
    return this.#periods;
  }

  /** The replica starts: nothing may be registered any more. */
  begin(): void {
    this.#begun = true;
  }

  /** @throws UNDERSTUDY_SETUP */
  handle(name: string, handler: TimerHandler): undefined {
    this.#check(name, 'on');
    if (typeof handler !== 'function') throw setup(`the handler of the timer ${quoted(name)} is not a function`);
    if (this.#captured.has(name)) throw setup(`the timer ${quoted(name)} has a handler already; give it one`);
    this.#captured.set(name, capturedOf(name, handler));
  }

  /** @throws UNDERSTUDY_SETUP */
  every(periodMs: number, name: string, handler: TimerHandler | undefined): void {
    this.#check(name, 'every');
    if (this.#periods.has(name)) throw setup(`every() was called twice for the timer ${quoted(name)}`);
    checkDelay(periodMs, 1, 'every');
    if (handler !== undefined) this.handle(name, handler);
    else if (!this.#captured.has(name)) throw setup(`the timer ${quoted(name)} has no handler; give one, or call on()`);
    this.#periods.set(name, periodMs);
  }

  /** @returns the timer's handler; undefined if none was registered */
  get(name: string): CapturedUnary | undefined {
    return this.#captured.get(name);
  }

  /**
   * @returns the bytes of a payload
   * @throws UNDERSTUDY_SETUP if there is no such timer, or the payload is too large or cannot be copied
   */
  payload(delayMs: number, name: string, payload: unknown): Uint8Array {
    checkDelay(delayMs, 0, 'after');
    if (!this.#captured.has(name)) {
      throw setup(`the timer ${quoted(String(name))} has no handler; call replica.on() for it before start()`);
    }
    const bytes = copyOf(payload, `the payload of the timer ${quoted(name)}`);
    if (bytes.length > PAYLOAD_MAX_BYTES) {
      throw setup(
        `the payload of the timer ${quoted(name)} has ${bytes.length} bytes, more than ${PAYLOAD_MAX_BYTES}; keep it in the state, and give its key`,
      );
    }
    return bytes;
  }

  #check(name: string, how: string): void {
    if (this.#begun) throw setup(`${how}() was called after start(); register timers before`);
    if (typeof name !== 'string' || name === '' || name.length > NAME_MAX) {
      throw setup(`the name of a timer must be a text of 1 to ${NAME_MAX} characters`);
    }
    if (name === 'role') throw setup('a timer cannot be named "role", which is an event of replicas');
  }
}

/** A structured clone of a value as bytes, the same for the same value. */
export function copyOf(value: unknown, what: string): Buffer {
  try {
    return serialize({ value });
  } catch (cause) {
    throw new UnderstudyError('UNDERSTUDY_SETUP', `${what} cannot be copied: give data, not functions`, { cause });
  }
}

/** The value that was given to `copyOf`. */
export const valueIn = (bytes: Uint8Array): unknown => (deserialize(bytes) as { value: unknown }).value;

const setup = (reason: string): UnderstudyError => new UnderstudyError('UNDERSTUDY_SETUP', reason);
const quoted = (name: string): string => JSON.stringify(name.slice(0, NAME_MAX));

function checkDelay(ms: number, leastMs: number, how: string): void {
  if (Number.isSafeInteger(ms) && ms >= leastMs && ms <= DELAY_MAX_MS) return;
  throw setup(`${how}() takes whole milliseconds from ${leastMs} to ${DELAY_MAX_MS} (a year), not ${String(ms)}`);
}

/** Makes a timer's handler a unary method that no client can call. */
function capturedOf(name: string, handler: TimerHandler): CapturedUnary {
  return {
    kind: 'unary',
    path: `timer ${name}`,
    requestDeserialize: (bytes) => ({ payload: bytes.length === 0 ? undefined : valueIn(bytes) }),
    responseSerialize: () => Buffer.alloc(0),
    requestSerialize: undefined,
    responseDeserialize: undefined,
    readOnly: false,
    handler(call, callback) {
      const { payload } = call.request as { payload: never };
      const result = handler(payload);
      const promise = Promise.resolve(result);
      promise.then(
        () => callback(null, {}),
        () => {},
      );
      return promise;
    },
  } as Omit<CapturedUnary, 'descriptor'> as CapturedUnary;
}
