/** Reads a group's settings from a gRPC service config: complete and checked, or an error that names the bad field. */

import { describeValue, UnderstudyError } from '../model/error.js';
import type { Budgets, GroupConfig, MethodConfig, MethodOrdering, MethodSettings, ReadFrom } from './config.js';
import { didYouMean } from './nearest.js';

/** The name of the entry in `loadBalancingConfig` that holds a group's settings. */
export const POLICY_NAME = 'understudy';

const METHODS_MAX = 4096;
const GROUP_MAX = 255;

/**
 * The settings whose values have type `T`. With these types the compiler notices if one is missing in the tables below.
 */
type FieldsOf<T> = { [F in keyof GroupConfig]: GroupConfig[F] extends T ? F : never }[keyof GroupConfig];
type NumberField = FieldsOf<number>;
type WordField = Exclude<FieldsOf<string>, 'group' | 'priorityKey'>;
type Fields = Readonly<Record<string, unknown>>;

/**
 * The settings that are whole numbers, with their ranges and defaults. A range ends where a larger value could only be
 * a typing error.
 */
const NUMBERS = {
  pendingSourceOrderMax: { min: 1, max: 65_536, otherwise: 64 },
  leaseMs: { min: 20, max: 20_000, otherwise: 200 },
  sessionMs: { min: 20, max: 600_000, otherwise: 900 },
  sessionExpiryMs: { min: 20, max: 604_800_000, otherwise: 60_000 },
  nullMessageMs: { min: 1, max: 10_000, otherwise: 20 },
  batchMs: { min: 0, max: 100, otherwise: 1 },
  ageingMs: { min: 1, max: 3_600_000, otherwise: 1000 },
  stallMs: { min: 10, max: 3_600_000, otherwise: 5_000 },
  forgetMs: { min: 1_000, max: 604_800_000, otherwise: 600_000 },
  copyMs: { min: 0, max: 600_000, otherwise: 10_000 },
  staleMs: { min: 100, max: 600_000, otherwise: 2_000 },
  poisonAfter: { min: 1, max: 100, otherwise: 2 },
  checkpointEvery: { min: 1, max: 1_000_000, otherwise: 4096 },
  backlogMax: { min: 1, max: 100_000_000, otherwise: 262_144 },
  unstableMax: { min: 1, max: 1_000_000, otherwise: 4096 },
  queueMax: { min: 1, max: 1_000_000, otherwise: 16_384 },
  sessionsMax: { min: 1, max: 65_536, otherwise: 1024 },
} as const satisfies Record<NumberField, { min: number; max: number; otherwise: number }>;

/** The whole numbers without a default: what happens where they are absent is no number. */
const OPTIONAL_NUMBERS = { stateDigestEvery: { min: 0, max: 1_000_000 } } as const;

const MIB = 1024 * 1024;
const BUDGET_MIN = 65_536;
const BUDGET_MAX = 2 ** 40;

/** The budgets with their defaults, in bytes. */
const BUDGETS = { sessionBytes: 128 * MIB, totalBytes: 512 * MIB, keyedBytes: 64 * MIB } as const satisfies Budgets;

/** The settings that are words, with their possible values. The first one is the default. */
const WORDS = {
  replication: ['semi-active', 'passive'],
  multicast: ['direct', 'destination'],
  release: ['concurrent', 'acknowledged'],
  ordering: ['reception', 'sequence', 'priority', 'deadline', 'fair', 'resource', 'custom'],
  carrier: ['stream', 'rpc'],
} as const satisfies { readonly [F in WordField]: readonly GroupConfig[F][] };

const PRIORITY_MAX = 1000;
const WEIGHTS_MAX = 4096;
const WEIGHT_MIN = 0.01;
const WEIGHT_MAX = 1000;

/**
 * Reads the settings of a group from a gRPC service config, checks them, and fills in defaults. grpc-js would silently
 * replace an entry that it cannot use by pick_first, so servers and clients read their settings here.
 *
 * @param json the service config as an object or as JSON text; fields that belong to gRPC itself are not examined
 * @throws UNDERSTUDY_CONFIG with the full path of the first field that cannot be used, and what is allowed there
 */
export function parseServiceConfig(json: unknown): GroupConfig {
  const { entry, path } = findEntry(typeof json === 'string' ? fromText(json) : json);
  onlyFields(entry, path, [
    'group',
    'methods',
    'budgets',
    'priorityKey',
    'weights',
    ...Object.keys(NUMBERS),
    ...Object.keys(OPTIONAL_NUMBERS),
    ...Object.keys(WORDS),
  ]);
  const leaseMs = numberAt(entry, path, 'leaseMs');
  // The default of a setting that is derived from another one follows it.
  const sessionMs = numberAt(entry, path, 'sessionMs', leaseMs * 3);
  const sessionExpiryMs = numberAt(
    entry,
    path,
    'sessionExpiryMs',
    Math.max(NUMBERS.sessionExpiryMs.otherwise, sessionMs),
  );
  if (sessionMs < leaseMs) bad(`${path}.sessionMs`, sessionMs, `at least leaseMs, which is ${leaseMs}`);
  if (sessionExpiryMs < sessionMs) {
    bad(`${path}.sessionExpiryMs`, sessionExpiryMs, `at least sessionMs, which is ${sessionMs}`);
  }
  return {
    group: groupAt(entry.group, `${path}.group`),
    replication: wordAt(entry, path, 'replication'),
    multicast: wordAt(entry, path, 'multicast'),
    release: wordAt(entry, path, 'release'),
    ordering: wordAt(entry, path, 'ordering'),
    ageingMs: numberAt(entry, path, 'ageingMs'),
    priorityKey: priorityKeyAt(entry.priorityKey, `${path}.priorityKey`),
    weights: weightsAt(entry.weights, `${path}.weights`),
    carrier: wordAt(entry, path, 'carrier'),
    pendingSourceOrderMax: numberAt(entry, path, 'pendingSourceOrderMax'),
    leaseMs,
    sessionMs,
    sessionExpiryMs,
    nullMessageMs: numberAt(entry, path, 'nullMessageMs'),
    batchMs: numberAt(entry, path, 'batchMs'),
    stallMs: numberAt(entry, path, 'stallMs'),
    forgetMs: numberAt(entry, path, 'forgetMs'),
    copyMs: numberAt(entry, path, 'copyMs'),
    staleMs: numberAt(entry, path, 'staleMs'),
    poisonAfter: numberAt(entry, path, 'poisonAfter'),
    checkpointEvery: numberAt(entry, path, 'checkpointEvery'),
    stateDigestEvery: optionalNumberAt(entry, path, 'stateDigestEvery'),
    backlogMax: numberAt(entry, path, 'backlogMax'),
    unstableMax: numberAt(entry, path, 'unstableMax'),
    queueMax: numberAt(entry, path, 'queueMax'),
    sessionsMax: numberAt(entry, path, 'sessionsMax'),
    budgets: budgetsAt(entry.budgets, `${path}.budgets`),
    methods: methodsAt(entry.methods, `${path}.methods`),
    unreplicated: [],
  };
}

/**
 * The settings that apply to one method. As in gRPC's methodConfig only the most specific entry applies: the method's
 * own, else its service's, else the one for all. Callers should cache the result.
 *
 * @param path the full method path, `/package.Service/Method`
 */
export function methodSettings(config: Pick<GroupConfig, 'methods' | 'release'>, path: string): MethodSettings {
  const found = entryOf(config.methods, path);
  const { readOnly = false, oneWay = false, waitsForOthers = false, release = config.release } = found ?? {};
  return { readOnly, readFrom: found?.readFrom ?? 'primary', oneWay, waitsForOthers, release };
}

/** How the calls of one method are ordered. Callers should cache the result. */
export function methodOrdering(config: Pick<GroupConfig, 'methods' | 'ordering'>, path: string): MethodOrdering {
  const { ordering = config.ordering, priority = 0 } = entryOf(config.methods, path) ?? {};
  return { ordering, priority };
}

function entryOf(methods: readonly MethodConfig[], path: string): MethodConfig | undefined {
  const slash = path.lastIndexOf('/');
  const service = path.slice(1, slash);
  const method = path.slice(slash + 1);
  let found: MethodConfig | undefined;
  for (const entry of methods) {
    if (entry.service !== '' && entry.service !== service) continue;
    if (entry.method !== '' && entry.method !== method) continue;
    if (found === undefined || specificity(entry) > specificity(found)) found = entry;
  }
  return found;
}

const specificity = (entry: MethodConfig): number => (entry.method !== '' ? 2 : entry.service !== '' ? 1 : 0);

/** FNV-1a (draft-eastlake-fnv) over UTF-16 code units. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function fail(sentence: string, cause?: unknown): never {
  throw new UnderstudyError('UNDERSTUDY_CONFIG', sentence, cause === undefined ? {} : { cause });
}

function bad(path: string, value: unknown, allowed: string): never {
  fail(`${path} is ${describeValue(value)}; it must be ${allowed}`);
}

function fromText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return fail('the service config is text that is not JSON', cause);
  }
}

function findEntry(config: unknown): { entry: Fields; path: string } {
  const list = arrayAt(objectAt(config, 'the service config').loadBalancingConfig, 'loadBalancingConfig');
  let found: { entry: Fields; path: string } | undefined;
  for (const [i, policy] of list.entries()) {
    const fields = objectAt(policy, `loadBalancingConfig[${i}]`);
    if (!Object.hasOwn(fields, POLICY_NAME)) continue;
    const path = `loadBalancingConfig[${i}].${POLICY_NAME}`;
    // gRPC treats an object with two policies as an error, and of two objects it uses only the first.
    if (Object.keys(fields).length > 1)
      fail(`${path} shares its object with another policy; each needs one of its own`);
    if (found !== undefined) fail(`${path} comes after ${found.path}; only one such entry is allowed`);
    found = { entry: objectAt(fields[POLICY_NAME], path), path };
  }
  return found ?? fail(`loadBalancingConfig has no entry "${POLICY_NAME}"; it must hold the group's settings`);
}

function objectAt(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(path, value, 'an object');
  return value as Fields;
}

function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) bad(path, value, 'an array');
  return value;
}

function onlyFields(fields: Fields, path: string, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = didYouMean(unknown, known);
  fail(`${path}.${unknown.slice(0, 60)} is not a setting${near}; known are ${[...known].sort().join(', ')}`);
}

function groupAt(value: unknown, path: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= GROUP_MAX) return value;
  return bad(path, value, `the group's name, 1 to ${GROUP_MAX} characters`);
}

function numberAt(
  entry: Fields,
  path: string,
  field: NumberField,
  otherwise: number = NUMBERS[field].otherwise,
): number {
  const value = entry[field];
  return value === undefined ? otherwise : within(NUMBERS[field], value, `${path}.${field}`);
}

function optionalNumberAt(entry: Fields, path: string, field: keyof typeof OPTIONAL_NUMBERS): number | undefined {
  const value = entry[field];
  return value === undefined ? undefined : within(OPTIONAL_NUMBERS[field], value, `${path}.${field}`);
}

function within({ min, max }: { readonly min: number; readonly max: number }, value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  return bad(path, value, `a whole number from ${min} to ${max}`);
}

function budgetsAt(value: unknown, path: string): Budgets {
  if (value === undefined) return BUDGETS;
  const entry = objectAt(value, path);
  onlyFields(entry, path, Object.keys(BUDGETS));
  const at = (field: keyof Budgets): number => {
    const bytes = entry[field] === undefined ? BUDGETS[field] : entry[field];
    if (typeof bytes === 'number' && Number.isInteger(bytes) && bytes >= BUDGET_MIN && bytes <= BUDGET_MAX)
      return bytes;
    return bad(`${path}.${field}`, bytes, `a whole number of bytes from ${BUDGET_MIN} to ${BUDGET_MAX}`);
  };
  return { sessionBytes: at('sessionBytes'), totalBytes: at('totalBytes'), keyedBytes: at('keyedBytes') };
}

function wordAt<Field extends WordField>(entry: Fields, path: string, field: Field): (typeof WORDS)[Field][number] {
  const words: readonly (typeof WORDS)[Field][number][] = WORDS[field];
  const value = entry[field] === undefined ? words[0] : words.find((word) => word === entry[field]);
  return value ?? bad(`${path}.${field}`, entry[field], words.map((word) => `"${word}"`).join(' or '));
}

/** A key that gRPC accepts for metadata that is text. */
const METADATA_KEY = /^[0-9a-z_.-]{1,100}$/;

function priorityKeyAt(value: unknown, path: string): string {
  if (value === undefined) return '';
  if (typeof value === 'string' && METADATA_KEY.test(value) && !value.endsWith('-bin')) return value;
  return bad(path, value, 'a metadata key in lower case such as "x-priority"');
}

function weightsAt(value: unknown, path: string): Readonly<Record<string, number>> {
  if (value === undefined) return {};
  const weights = Object.entries(objectAt(value, path));
  if (weights.length > WEIGHTS_MAX) fail(`${path} names ${weights.length} clients; at most ${WEIGHTS_MAX} are allowed`);
  for (const [name, weight] of weights) {
    if (typeof weight === 'number' && weight >= WEIGHT_MIN && weight <= WEIGHT_MAX) continue;
    bad(`${path}[${describeValue(name)}]`, weight, `a number from ${WEIGHT_MIN} to ${WEIGHT_MAX}`);
  }
  return Object.fromEntries(weights) as Record<string, number>;
}

function methodsAt(value: unknown, path: string): readonly MethodConfig[] {
  if (value === undefined) return [];
  const methods = arrayAt(value, path).flatMap((entry, i) => methodAt(entry, `${path}[${i}]`));
  if (methods.length > METHODS_MAX) fail(`${path} names ${methods.length} methods; at most ${METHODS_MAX} are allowed`);
  const seen = new Set<string>();
  for (const { service, method } of methods) {
    const name = `${service}/${method}`;
    if (seen.has(name)) fail(`${path} names "${name}" twice; each service and method may be named once`);
    seen.add(name);
  }
  return methods;
}

const METHOD_FIELDS = ['name', 'readOnly', 'readFrom', 'release', 'oneWay', 'waitsForOthers', 'ordering', 'priority'];

function methodAt(value: unknown, path: string): readonly MethodConfig[] {
  const entry = objectAt(value, path);
  onlyFields(entry, path, METHOD_FIELDS);
  const readOnly = flagAt(entry.readOnly, `${path}.readOnly`);
  const readFrom = readFromAt(entry.readFrom, `${path}.readFrom`);
  if (readFrom === 'backup' && !readOnly) {
    fail(`${path}.readFrom is "backup" and readOnly is not true; backups answer only calls that change nothing`);
  }
  const oneWay = flagAt(entry.oneWay, `${path}.oneWay`);
  if (readOnly && oneWay) fail(`${path} is readOnly and oneWay; a read-only method has no effect besides its reply`);
  const waitsForOthers = flagAt(entry.waitsForOthers, `${path}.waitsForOthers`);
  if (readOnly && waitsForOthers)
    fail(`${path} is readOnly and waitsForOthers; a call that waits for others needs a place in the order`);
  const release = entry.release === undefined ? undefined : wordAt(entry, path, 'release');
  const ordering = entry.ordering === undefined ? undefined : wordAt(entry, path, 'ordering');
  const priority = priorityAt(entry.priority, `${path}.priority`);
  const names = arrayAt(entry.name, `${path}.name`);
  if (names.length === 0) fail(`${path}.name is empty; it must name at least one service or method`);
  return names.map((name, i) => ({
    ...nameAt(name, `${path}.name[${i}]`),
    readOnly,
    ...(readFrom === 'backup' && { readFrom }),
    oneWay,
    waitsForOthers,
    release,
    ordering,
    priority,
  }));
}

function priorityAt(value: unknown, path: string): number {
  if (value === undefined) return 0;
  const isPriority = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= PRIORITY_MAX;
  return isPriority ? value : bad(path, value, `a whole number from -${PRIORITY_MAX} to ${PRIORITY_MAX}`);
}

function readFromAt(value: unknown, path: string): ReadFrom {
  if (value === undefined || value === 'primary' || value === 'backup') return value ?? 'primary';
  return bad(path, value, '"primary" or "backup"');
}

function flagAt(value: unknown, path: string): boolean {
  if (value === undefined) return false;
  return typeof value === 'boolean' ? value : bad(path, value, 'true or false');
}

const SERVICE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;
const METHOD = /^[A-Za-z_]\w*$/;

function nameAt(value: unknown, path: string): { service: string; method: string } {
  const name = objectAt(value, path);
  onlyFields(name, path, ['service', 'method']);
  const { service = '', method = '' } = name;
  if (typeof service !== 'string' || (service !== '' && !SERVICE.test(service))) {
    bad(`${path}.service`, service, 'the full name of a service such as "bank.v1.Bank", or absent for all');
  }
  if (typeof method !== 'string' || (method !== '' && !METHOD.test(method))) {
    bad(`${path}.method`, method, 'the name of a method such as "Transfer", or absent for all');
  }
  if (service === '' && method !== '') bad(`${path}.service`, undefined, 'given together with a method');
  return { service, method };
}
