/** The settings in the service config of each method that a client calls. */
import { type GroupConfig, methodSettings } from '@understudy/core/internal';
import { isUnreplicated } from '@understudy/grpc-common';

/** The settings of one method. */
export interface MethodPlan {
  /** The method is not part of the replicated service, so calls of it go their ordinary way. */
  readonly passesThrough: boolean;
  readonly readOnly: boolean;
  /** `timeout` of the method's `methodConfig`, in milliseconds; infinite if there is none. */
  readonly timeoutMs: number;
}

const DURATION = /^(\d+(\.\d+)?)s$/;

/** Looks the settings of a method up once, and remembers them. */
export class Methods {
  readonly #config: GroupConfig;
  readonly #timeouts: readonly TimeoutEntry[];
  readonly #plans = new Map<string, MethodPlan>();

  /** @param serviceConfig already checked by `parseServiceConfig`; its `methodConfig` is gRPC's own */
  constructor(config: GroupConfig, serviceConfig: object) {
    this.#config = config;
    this.#timeouts = timeoutEntries(serviceConfig);
  }

  /** @param path `/package.Service/Method` */
  plan(path: string): MethodPlan {
    const known = this.#plans.get(path);
    if (known !== undefined) return known;
    const service = path.slice(1, path.lastIndexOf('/'));
    const plan: MethodPlan = {
      passesThrough: isUnreplicated(path),
      readOnly: methodSettings(this.#config, path).readOnly,
      timeoutMs: this.#timeoutOf(service, path.slice(path.lastIndexOf('/') + 1)),
    };
    this.#plans.set(path, plan);
    return plan;
  }

  /** gRPC's rule: the entry for the method counts, else the one for its service, else the one for all. */
  #timeoutOf(service: string, method: string): number {
    const wanted = [`${service}/${method}`, `${service}/`, '/'];
    for (const name of wanted) {
      const found = this.#timeouts.find((entry) => entry.name === name);
      if (found !== undefined) return found.timeoutMs;
    }
    return Number.POSITIVE_INFINITY;
  }
}

interface TimeoutEntry {
  /** `service/method`; either part may be empty. */
  readonly name: string;
  readonly timeoutMs: number;
}

/** Reads what grpc-js has validated or will validate. Whatever has another shape counts as absent. */
function timeoutEntries(serviceConfig: object): TimeoutEntry[] {
  const entries: TimeoutEntry[] = [];
  for (const config of list(field(serviceConfig, 'methodConfig'))) {
    const timeoutMs = durationMs(field(config, 'timeout'));
    for (const name of list(field(config, 'name'))) {
      entries.push({ name: `${text(field(name, 'service'))}/${text(field(name, 'method'))}`, timeoutMs });
    }
  }
  return entries;
}

/** Reads JSON's `"2.5s"`, or an object of seconds and nanos. */
function durationMs(value: unknown): number {
  if (typeof value === 'string') {
    const seconds = DURATION.exec(value)?.[1];
    return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000;
  }
  const seconds = field(value, 'seconds');
  const nanos = field(value, 'nanos');
  if (typeof seconds !== 'number') return Number.POSITIVE_INFINITY;
  return seconds * 1000 + (typeof nanos === 'number' ? nanos / 1e6 : 0);
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
