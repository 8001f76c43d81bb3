import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Mode } from './mode.js';

export const REPLICATIONS = ['semi-active', 'passive'] as const;
export const MULTICASTS = ['direct', 'destination'] as const;
export const RELEASES = ['concurrent', 'acknowledged'] as const;
export const CARRIERS = ['stream', 'rpc'] as const;

/** The options that choose how a service is replicated; `Mode` is what `opts()` returns for them. */
export const addModeOptions = (command: Command): Command =>
  command
    .addOption(choice('--replication <how>', 'what the backups do', REPLICATIONS))
    .addOption(choice('--multicast <to>', 'whom the primary tells the order', MULTICASTS))
    .addOption(choice('--release <when>', 'when a reply may leave', RELEASES))
    .addOption(choice('--carrier <carrier>', 'how calls travel', CARRIERS))
    .addOption(leaseOption());

/** Limits as in the service config. */
export const leaseOption = (description = 'lease of the primary, in milliseconds'): Option =>
  new Option('--lease-ms <ms>', description).argParser(wholeNumberOf(20, 20_000)).default(300);

const choice = (flags: string, description: string, choices: readonly [string, ...string[]]): Option =>
  new Option(flags, description).choices(choices).default(choices[0]);

/** Reads an option's value as a whole number from `min` to `max`. */
export const wholeNumberOf =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };

export const modeOf = ({ replication, multicast, release, carrier, leaseMs }: Mode): Mode => ({
  replication,
  multicast,
  release,
  carrier,
  leaseMs,
});
