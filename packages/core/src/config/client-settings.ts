/** How a client finds out that its settings are not its group's. If they differ, `welcome` brings the group's. */

import type { ClientMethodSettings, ClientSettings } from '../model/frames.js';
import { fnv1a } from './service-config.js';

const FIELDS = ['release', 'pendingSourceOrderMax', 'nullMessageMs', 'batchMs'] as const;

/** The part of a configuration that clients follow. */
export const clientSettings = (config: ClientSettings): ClientSettings => ({
  release: config.release,
  pendingSourceOrderMax: config.pendingSourceOrderMax,
  nullMessageMs: config.nullMessageMs,
  batchMs: config.batchMs,
  methods: config.methods,
  unreplicated: config.unreplicated,
});

const nameOf = ({ service, method }: ClientMethodSettings): string =>
  service === '' ? '*' : `${service}/${method || '*'}`;

const valuesOf = ({ readOnly, readFrom, oneWay, waitsForOthers, release }: ClientMethodSettings): string =>
  JSON.stringify([readOnly, oneWay, waitsForOthers, release, ...(readFrom === undefined ? [] : [readFrom])]);

/** A digest of 32 bits by which a client asks whether its settings are the group's. */
export function settingsDigest(settings: ClientSettings): number {
  const methods = settings.methods.map((entry) => `${nameOf(entry)} ${valuesOf(entry)}`).sort();
  return fnv1a(JSON.stringify([FIELDS.map((field) => settings[field]), methods, [...settings.unreplicated].sort()]));
}

/**
 * Whether a list of services has the one of a method.
 *
 * @param path `/package.Service/Method`
 * @param services `package.Service`, or `package.*` for all below a package
 */
export function isListed(path: string, services: readonly string[]): boolean {
  if (services.length === 0) return false;
  const service = path.slice(1, path.lastIndexOf('/'));
  return services.some((name) => (name.endsWith('.*') ? service.startsWith(name.slice(0, -1)) : service === name));
}

/** The names of the settings that differ and that a client can be given: `release`, or `bank.v1.Bank/GetBalance` for settings of a method. */
export function differingSettings(own: ClientSettings, group: ClientSettings): string[] {
  const names: string[] = FIELDS.filter((field) => own[field] !== group[field]);
  const mine = new Map(own.methods.map((entry) => [nameOf(entry), valuesOf(entry)]));
  const theirs = new Map(group.methods.map((entry) => [nameOf(entry), valuesOf(entry)]));
  for (const name of new Set([...mine.keys(), ...theirs.keys()])) {
    if (mine.get(name) !== theirs.get(name)) names.push(name);
  }
  return names;
}
