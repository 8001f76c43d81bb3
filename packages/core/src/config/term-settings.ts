/**
 * The settings of a group that are in force for one term: those of the term's primary. They travel in the record as text,
 * so that a replica passes on a setting that only a later version of this library knows.
 */

import { UnderstudyError } from '../model/error.js';
import type { GroupConfig, MethodConfig } from './config.js';
import { POLICY_NAME, parseServiceConfig } from './service-config.js';

/** The settings that no term decides: a group keeps its name for ever, and each client chooses its own carrier. */
const LOCAL: readonly string[] = ['group', 'carrier'] satisfies (keyof GroupConfig)[];

const nameOf = ({ service, method }: Pick<MethodConfig, 'service' | 'method'>): string =>
  service === '' ? '*' : `${service}/${method || '*'}`;

const entryOf = ({ service, method, ...settings }: MethodConfig): object => ({
  name: [{ ...(service !== '' && { service }), ...(method !== '' && { method }) }],
  ...ascending(settings),
});

/** The same values by ascending names; those that are undefined are left out. */
const ascending = (values: object): object =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );

const byName = (a: MethodConfig, b: MethodConfig): number => (nameOf(a) < nameOf(b) ? -1 : 1);

/**
 * The text of each configuration, kept because configurations never change and every record that a replica reads is
 * compared with its own.
 */
const texts = new WeakMap<GroupConfig, string>();

/** The settings of a replica as text. Equal settings give equal texts. */
export function settingsText(config: GroupConfig): string {
  let text = texts.get(config);
  if (text === undefined) {
    text = writtenSettings(config);
    texts.set(config, text);
  }
  return text;
}

function writtenSettings(config: GroupConfig): string {
  const { methods, budgets, weights, unreplicated, ...others } = config;
  // An empty text is how the configuration says that a setting was not given.
  const given = Object.entries(others).filter(([name, value]) => !LOCAL.includes(name) && value !== '');
  const plain = Object.fromEntries(given);
  return JSON.stringify({
    ...ascending(plain),
    budgets: ascending(budgets),
    methods: [...methods].sort(byName).map(entryOf),
    unreplicated: [...unreplicated].sort(),
    weights: ascending(weights),
  });
}

/**
 * The configuration of a replica while the settings in `text` are in force.
 *
 * @param own its own configuration, which says what no term decides
 * @throws UNDERSTUDY_CONFIG if the text cannot be used
 */
export function configInForce(text: string, own: GroupConfig): GroupConfig {
  if (text === settingsText(own)) return own;
  const { unreplicated, ...fields } = fieldsOf(text);
  const known = Object.entries(fields).filter(([name]) => Object.hasOwn(own, name) && !LOCAL.includes(name));
  const config = parsed({ ...Object.fromEntries(known), group: own.group, carrier: own.carrier });
  return { ...config, unreplicated: textsOf(unreplicated) };
}

const parsed = (entry: object): GroupConfig => parseServiceConfig({ loadBalancingConfig: [{ [POLICY_NAME]: entry }] });

/**
 * The configuration of a replica that cannot use every setting in `text`, for example because a later version of this
 * library knows more values: it takes its own setting in place of each that it cannot use. Numbers apply even beyond
 * the range that this version allows, because the primary follows them: a backup with another lease would claim while
 * the primary still holds its own.
 */
export function configAsFarAsUsable(text: string, own: GroupConfig): GroupConfig {
  let fields: Record<string, unknown>;
  try {
    fields = fieldsOf(text);
  } catch {
    return own;
  }
  const { group, carrier } = own;
  const used: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(own, name) || LOCAL.includes(name)) continue;
    used[name] = usable(name as keyof GroupConfig, value, own);
  }
  return { ...parsed({ group }), ...used, group, carrier, unreplicated: textsOf(fields.unreplicated) };
}

function usable(name: keyof GroupConfig, value: unknown, own: GroupConfig): unknown {
  if (typeof own[name] === 'number' && Number.isSafeInteger(value) && Number(value) > 0) return value;
  try {
    return parsed({ group: own.group, [name]: value })[name];
  } catch {
    return own[name];
  }
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

function fieldsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The error below names the text.
  }
  throw new UnderstudyError('UNDERSTUDY_CONFIG', 'the settings of the term are not a JSON object');
}

/** Every setting of a text by its name, each as JSON: `leaseMs`, `budgets.totalBytes`, `bank.v1.Bank/GetBalance`. */
function namedValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let fields: Record<string, unknown>;
  try {
    fields = fieldsOf(text);
  } catch {
    return values;
  }
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'methods' && Array.isArray(value)) {
      for (const { name: names, ...rest } of value as { name?: MethodConfig[] }[])
        values.set(nameOf({ service: '', method: '', ...names?.[0] }), JSON.stringify(rest));
    } else if (name === 'budgets') {
      for (const [budget, bytes] of Object.entries(value as object)) values.set(`budgets.${budget}`, String(bytes));
    } else {
      values.set(name, JSON.stringify(value));
    }
  }
  return values;
}

/** The names of the settings in which two texts differ, in alphabetical order. */
export function differingNames(one: string, other: string): readonly string[] {
  if (one === other) return [];
  const [mine, theirs] = [namedValues(one), namedValues(other)];
  const names = new Set([...mine.keys(), ...theirs.keys()]);
  return [...names].filter((name) => mine.get(name) !== theirs.get(name)).sort();
}
