/** The options by which a shop finds the bank and the post office. */
import type { Command } from 'commander';

/** The targets of the shop's partners. */
export interface PartnerOptions {
  readonly bank: string;
  readonly post: string;
}

/** @param bank describes the target of the bank, for the help */
export const addPartnerOptions = (command: Command, bank: string): Command =>
  command.requiredOption('--bank <target>', bank).requiredOption('--post <host:port>', 'address of the post office');
