/** The settings and the version of code with which a replica starts, drawn anew for each life. */
import type { Leadership } from '@understudy/core';
import { type GroupConfig, settingsText } from '@understudy/core/internal';
import type { Choices } from '../../draw/choices.js';
import type { Plan } from '../../plan/plan.js';

/** The settings and the version with which a replica is started. */
export interface Build {
  readonly config: GroupConfig;
  readonly version: string;
}

/** Draws the settings and the version of a replica's next life. */
export function drawBuild({ config, upgrade }: Pick<Plan, 'config' | 'upgrade'>, choices: Choices): Build {
  if (upgrade === undefined) return { config, version: '' };
  const { versions, replications, leases } = upgrade;
  return {
    config: {
      ...config,
      replication: replications ? choices.pick(['semi-active', 'passive']) : config.replication,
      // Checks take the lease of the plan for the longest one.
      leaseMs: leases ? choices.pick([200, config.leaseMs]) : config.leaseMs,
    },
    version: versions ? choices.pick(['1', '2']) : '',
  };
}

export const bringsOf = ({ config, version }: Build): Leadership => ({
  settings: settingsText(config),
  version,
  replication: config.replication,
});
