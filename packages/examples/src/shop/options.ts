import type { Command } from 'commander';

/** Where the shop's partners are. */
export interface PartnerOptions {
  readonly bank: string;
  readonly post: string;
}

/** @param bank what the target of the bank is, for the help */
export const addPartnerOptions = (command: Command, bank: string): Command =>
  command.requiredOption('--bank <target>', bank).requiredOption('--post <host:port>', 'the post office');
