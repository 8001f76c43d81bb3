/** Replaces a global function by one that asks the running step first. */
import crypto from 'node:crypto';
import { currentStep, REAL, type RunningStep, realOf } from '@understudy/context';

type StepSource = () => RunningStep | undefined;
type AnyMethod = (this: unknown, ...args: never[]) => unknown;

/**
 * The functions that find the running step, one for each copy of our packages in this process. Replacements of globals
 * belong to the process: the first copy makes them, and they ask every source. The list hangs on a module of Node,
 * because test runners such as jest give each test file its own global object but the same modules of Node.
 */
const SOURCES = Symbol.for('@understudy/server/steps');

function sources(): StepSource[] {
  const root = crypto as { [SOURCES]?: StepSource[] };
  let known = root[SOURCES];
  if (known === undefined) {
    known = [];
    Object.defineProperty(root, SOURCES, { value: known });
  }
  return known;
}

const known = sources();

const ours: StepSource = () => currentStep();

/** Lets the replacements ask this copy. */
export function registerSource(): void {
  if (!known.includes(ours)) known.push(ours);
}

/** The step in which the code runs, whichever copy of our packages runs it. */
export function runningStep(): RunningStep | undefined {
  for (const source of known) {
    const step = source();
    if (step !== undefined) return step;
  }
  return undefined;
}

/** The step whose time and randomness the running code sees; undefined for the real ones. */
export function seenStep(): RunningStep | undefined {
  for (const source of known) {
    const step = source();
    if (step?.inGlobals) return step;
  }
  return undefined;
}

/** Makes `made` look like `real`, and lets `realOf` find that. */
export function disguise<T extends object>(made: T, real: object): T {
  for (const key of ['name', 'length']) {
    const property = Object.getOwnPropertyDescriptor(real, key);
    if (property !== undefined) Object.defineProperty(made, key, property);
  }
  return Object.defineProperty(made, REAL, { value: real });
}

/** Replaces a method, unless that was done before. */
export function replaceMethod<F extends AnyMethod>(target: object, name: string, make: (real: F) => F): void {
  const property = Object.getOwnPropertyDescriptor(target, name);
  const real = property?.value as F | undefined;
  if (typeof real !== 'function' || realOf(real) !== real || property?.configurable !== true) return;
  Object.defineProperty(target, name, { ...property, value: disguise(make(real), real) });
}

/** Replaces the getter of a property, unless that was done before. */
export function replaceGetter<V>(target: object, name: string, make: (real: (this: unknown) => V) => () => V): void {
  const property = Object.getOwnPropertyDescriptor(target, name);
  const real = property?.get as ((this: unknown) => V) | undefined;
  if (real === undefined || realOf(real) !== real || property?.configurable !== true) return;
  Object.defineProperty(target, name, { ...property, get: disguise(make(real), real) });
}
