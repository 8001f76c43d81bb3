import { join } from 'node:path';
import type { Child } from '../ipc/child.js';
import type { ProcessCommands } from '../ipc/commands.js';
import type { Bench } from './settings.js';
import type { Site } from './site.js';

/** Profiles what is measured, if the settings ask for it. A later round replaces the profiles of an earlier one. */
export async function profiled<T>({ settings }: Bench, site: Site, name: string, act: () => Promise<T>): Promise<T> {
  const { profile } = settings;
  if (profile === undefined) return act();
  const roles: [string, Child<ProcessCommands>][] = [
    ['client', site.driver as unknown as Child<ProcessCommands>],
    ['primary', site.primary],
    ...site.backups.slice(0, 1).map((backup): [string, Child<ProcessCommands>] => ['backup', backup]),
  ];
  await Promise.all(roles.map(([, child]) => child.ask('startProfile')));
  const result = await act();
  const file = (role: string): string => join(profile, `${name.replaceAll(' ', '-')}-${role}.cpuprofile`);
  await Promise.all(roles.map(([role, child]) => child.ask('endProfile', file(role))));
  return result;
}
