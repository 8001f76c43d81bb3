/** Gives instances their surroundings through the globals, as long as a check runs. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import { REAL } from '@understudy/context';
import { type Environment, surroundings } from './environment.js';
import { HELD_FROM_MS, HeldTimer } from './held-timers.js';

type AnyFunction = (this: unknown, ...args: never[]) => unknown;
type Undo = () => void;

let users = 0;
let undos: Undo[] = [];

/** @returns takes the replacements off again, when nobody else needs them */
export function installOverlay(): Undo {
  if (users++ === 0) undos = [replaceDate(), ...replaceOthers()];
  syncBuiltinESMExports();
  let isOff = false;
  return () => {
    if (isOff) return;
    isOff = true;
    if (--users > 0) return;
    for (const undo of undos.reverse()) undo();
    undos = [];
    syncBuiltinESMExports();
  };
}

/** Puts a value in a property's place. Functions of ours find what was there before by `REAL`. */
function put(target: object, name: string, value: object, before: object): Undo {
  const property = Object.getOwnPropertyDescriptor(target, name);
  if (property === undefined) return () => {};
  Object.defineProperty(value, REAL, { value: before, configurable: true });
  Object.defineProperty(target, name, { ...property, value });
  return () => {
    if ((target as Record<string, unknown>)[name] === value) Object.defineProperty(target, name, property);
  };
}

/** @param use what the function gives to an instance; `undefined` for what it gives to everybody else */
function replace<F extends AnyFunction>(
  target: object,
  name: string,
  use: (environment: Environment, before: F, args: Parameters<F>, self: unknown) => unknown,
): Undo {
  const before = (target as Record<string, F | undefined>)[name];
  if (typeof before !== 'function') return () => {};
  const made = function (this: unknown, ...args: Parameters<F>): unknown {
    const environment = surroundings();
    return environment === undefined ? before.apply(this, args) : use(environment, before, args, this);
  };
  for (const key of ['name', 'length']) {
    Object.defineProperty(made, key, {
      value: (before as unknown as Record<string, unknown>)[key],
      configurable: true,
    });
  }
  for (const key of Object.getOwnPropertySymbols(before)) {
    const property = Object.getOwnPropertyDescriptor(before, key);
    if (key !== REAL && property !== undefined) Object.defineProperty(made, key, property);
  }
  return put(target, name, made, before);
}

function replaceDate(): Undo {
  const Before = globalThis.Date;
  function Made(this: unknown, ...args: unknown[]): unknown {
    const given = args.length === 0 || new.target === undefined ? surroundings()?.readClock() : undefined;
    if (new.target === undefined) return given === undefined ? Before() : new Before(given).toString();
    return Reflect.construct(Before, given === undefined ? args : [given], new.target);
  }
  for (const name of ['UTC', 'parse', 'now', 'length', 'name'] as const) {
    const property = Object.getOwnPropertyDescriptor(Before, name);
    if (property !== undefined) Object.defineProperty(Made, name, property);
  }
  const undoNow = replace<() => number>(Made, 'now', (environment) => environment.readClock());
  Object.defineProperty(Made, 'prototype', { value: Before.prototype, writable: false });
  const maker = Before.prototype.constructor;
  Object.defineProperty(Before.prototype, 'constructor', { value: Made, writable: true, configurable: true });
  const undo = put(globalThis, 'Date', Made, Before);
  return () => {
    undoNow();
    Object.defineProperty(Before.prototype, 'constructor', { value: maker, writable: true, configurable: true });
    undo();
  };
}

function replaceOthers(): Undo[] {
  const web = Object.getPrototypeOf(crypto.webcrypto) as object;
  const clock = Object.getPrototypeOf(performance) as object;
  type Callback = ((error: null, value: unknown) => void) | undefined;
  const given = (value: unknown, callback: Callback): unknown => {
    if (callback === undefined) return value;
    process.nextTick(callback, null, value);
    return undefined;
  };
  return [
    replace<() => number>(clock, 'now', (environment) => environment.readClock()),
    replace<() => number>(Math, 'random', (environment) => environment.next()),
    replace<(options?: object) => string>(crypto, 'randomUUID', uuidFrom),
    replace<() => string>(web, 'randomUUID', uuidFrom),
    replace<(array: Uint8Array) => Uint8Array>(web, 'getRandomValues', (environment, before, args, self) => {
      const filled = before.apply(self, args);
      environment.fill(new Uint8Array(filled.buffer, filled.byteOffset, filled.byteLength));
      return filled;
    }),
    replace<(size: number, callback?: Callback) => Buffer>(
      crypto,
      'randomBytes',
      (environment, _before, [size, back]) => {
        const bytes = Buffer.alloc(size);
        environment.fill(bytes);
        return given(bytes, back);
      },
    ),
    replace<(...args: (number | Callback)[]) => unknown>(crypto, 'randomInt', (environment, _before, args) => {
      const callback = args.find((each) => typeof each === 'function');
      const limits = args.filter((each) => typeof each === 'number');
      const [min, max] = limits.length < 2 ? [0, limits[0] ?? 1] : [limits[0] ?? 0, limits[1] ?? 1];
      return given(min + Math.floor(environment.next() * (max - min)), callback);
    }),
    ...[globalThis, timers].flatMap((target) => [
      ...(['setTimeout', 'setInterval'] as const).map((name) =>
        replace<(run: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => unknown>(
          target,
          name,
          (environment, before, given, self) => {
            const [run, delayMs = 1, ...args] = given;
            const repeats = name === 'setInterval';
            if (typeof run !== 'function' || (!repeats && delayMs < HELD_FROM_MS)) return before.apply(self, given);
            return environment.timers.set(() => run(...args), delayMs, repeats);
          },
        ),
      ),
      ...(['clearTimeout', 'clearInterval'] as const).map((name) => replaceClear(target, name)),
    ]),
  ];
}

function replaceClear(target: object, name: 'clearTimeout' | 'clearInterval'): Undo {
  const before = (target as typeof globalThis)[name] as (timer?: unknown) => void;
  const made = function (this: unknown, timer?: unknown): void {
    if (timer instanceof HeldTimer) timer.close();
    else before.call(this, timer);
  };
  return put(target, name, made, before);
}

/** A UUID of version 4 (RFC 9562, 5.4). */
function uuidFrom(environment: Environment): string {
  const bytes = Buffer.alloc(16);
  environment.fill(bytes);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
