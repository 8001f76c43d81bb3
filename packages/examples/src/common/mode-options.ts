/** The command-line options that choose how a service is replicated. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Mode } from './mode.js';

export const REPLICATIONS = ['semi-active', 'passive'] as const;
export const MULTICASTS = ['direct', 'destination'] as const;
export const RELEASES = ['concurrent', 'acknowledged'] as const;
export const CARRIERS = ['stream', 'rpc'] as const;

/** Adds one option for each property of `Mode`. */
export const addModeOptions = (command: Command): Command =>
  command
    .addOption(
      choice(
        '--replication <how>',
        'whether backups execute calls (semi-active) or only keep them for a failover (passive)',
        REPLICATIONS,
      ),
    )
    .addOption(
      choice(
        '--multicast <to>',
        'whether the primary tells its backups the order itself (direct) or only clients carry it to them (destination)',
        MULTICASTS,
      ),
    )
    .addOption(
      choice(
        '--release <when>',
        'whether a reply leaves at once (concurrent) or waits for the backups (acknowledged)',
        RELEASES,
      ),
    )
    .addOption(
      choice(
        '--carrier <carrier>',
        'whether calls travel as frames on one link (stream) or each as an RPC (rpc)',
        CARRIERS,
      ),
    )
    .addOption(leaseOption());

/** The option has the limits that the service config has. */
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
