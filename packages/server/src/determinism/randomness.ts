/** `Math.random` and the random functions of `crypto`, which draw from a step's randomness within it. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { RandomStream } from '@understudy/context';
import { replaceMethod, seenStep } from './replace.js';

type NodeCallback<T> = (error: Error | null, value: T) => void;
type Fillable = ArrayBuffer | ArrayBufferView;

/** `randomInt` draws each number from this many bytes, as Node does. */
const INT_BYTES = 6;
const INT_VALUES = 2 ** 48;
const UUID_BYTES = 16;

export function replaceRandomness(): void {
  replaceMethod<() => number>(
    Math,
    'random',
    (real) =>
      function random() {
        return seenStep()?.random.next() ?? real();
      },
  );
  replaceWebCrypto(Object.getPrototypeOf(crypto.webcrypto));
  replaceNodeCrypto();
  syncBuiltinESMExports();
}

// In a step the real functions are called first, because they check their arguments. Their results are not used.

function replaceWebCrypto(prototype: object): void {
  replaceMethod<(array: ArrayBufferView) => ArrayBufferView>(
    prototype,
    'getRandomValues',
    (real) =>
      function getRandomValues(this: unknown, array) {
        const filled = real.call(this, array);
        seenStep()?.random.fill(bytesOf(array));
        return filled;
      },
  );
  replaceMethod<() => string>(
    prototype,
    'randomUUID',
    (real) =>
      function randomUUID(this: unknown) {
        const step = seenStep();
        const uuid = real.call(this);
        return step === undefined ? uuid : uuidFrom(step.random);
      },
  );
}

function replaceNodeCrypto(): void {
  replaceMethod<(options?: object) => string>(
    crypto,
    'randomUUID',
    (real) =>
      function randomUUID(options) {
        const step = seenStep();
        const uuid = real(options);
        return step === undefined ? uuid : uuidFrom(step.random);
      },
  );
  replaceMethod<(size: number, callback?: NodeCallback<Buffer>) => Buffer | undefined>(
    crypto,
    'randomBytes',
    (real) =>
      function randomBytes(size, callback) {
        const step = seenStep();
        if (step === undefined || (callback !== undefined && typeof callback !== 'function'))
          return real(size, callback);
        const bytes = real(size) as Buffer;
        step.random.fill(bytes);
        return given(bytes, callback);
      },
  );
  replaceMethod<(...args: unknown[]) => unknown>(
    crypto,
    'randomInt',
    (real) =>
      function randomInt(...args) {
        const step = seenStep();
        const callback = args.at(-1);
        if (step === undefined) return real(...args);
        const limits = typeof callback === 'function' ? args.slice(0, -1) : args;
        real(...limits);
        const [min, max] = (limits.length < 2 || limits[1] === undefined ? [0, limits[0]] : limits) as [number, number];
        const value = min + intBelow(step.random, max - min);
        return given(value, typeof callback === 'function' ? (callback as NodeCallback<number>) : undefined);
      },
  );
  replaceMethod<(target: Fillable, offset?: number, size?: number) => Fillable>(
    crypto,
    'randomFillSync',
    (real) =>
      function randomFillSync(target, offset, size) {
        const filled = real(target, offset, size);
        seenStep()?.random.fill(rangeOf(target, offset, size));
        return filled;
      },
  );
  replaceMethod<(target: Fillable, ...args: unknown[]) => unknown>(
    crypto,
    'randomFill',
    (real) =>
      function randomFill(target, ...args) {
        const step = seenStep();
        const callback = args.at(-1);
        if (step === undefined || typeof callback !== 'function') return real(target, ...args);
        const [offset, size] = args.slice(0, -1) as number[];
        (crypto.randomFillSync as (target: Fillable, offset?: number, size?: number) => Fillable)(target, offset, size);
        return given(target, callback as NodeCallback<Fillable>);
      },
  );
}

/** Calls back within the step, where the real functions come back in a later turn. */
function given<T>(value: T, callback: NodeCallback<T> | undefined): T | undefined {
  if (callback === undefined) return value;
  process.nextTick(callback, null, value);
  return undefined;
}

function bytesOf(target: Fillable): Uint8Array {
  if (ArrayBuffer.isView(target)) return new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  return new Uint8Array(target);
}

/** Offset and size count elements where the target has any, else bytes. */
function rangeOf(target: Fillable, offset = 0, size?: number): Uint8Array {
  const elementBytes = (target as Partial<Uint8Array>).BYTES_PER_ELEMENT ?? 1;
  const from = offset * elementBytes;
  return bytesOf(target).subarray(from, size === undefined ? undefined : from + size * elementBytes);
}

/** A number from 0 up to but not including `limit`, each with the same probability. */
function intBelow(random: RandomStream, limit: number): number {
  const bytes = Buffer.alloc(INT_BYTES);
  const fair = INT_VALUES - (INT_VALUES % limit);
  for (;;) {
    random.fill(bytes);
    const drawn = bytes.readUIntLE(0, INT_BYTES);
    if (drawn < fair) return drawn % limit;
  }
}

/** A UUID of version 4 (RFC 9562, 5.4). */
function uuidFrom(random: RandomStream): string {
  const bytes = Buffer.alloc(UUID_BYTES);
  random.fill(bytes);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
