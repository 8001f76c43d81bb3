import type { GroupRecord } from '@understudy/core';
import type { Choices } from '../draw/choices.js';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Network } from '../network/network.js';
import type { Plan } from '../plan/plan.js';
import type { Narrator } from '../trace/narrator.js';

/** The parts of a run that faults befall. */
export interface FaultWorld extends Narrator {
  readonly nowMs: number;
  readonly plan: Plan;
  readonly choices: Choices;
  readonly servers: readonly ServerHost[];
  readonly clients: readonly ClientHost[];
  readonly network: Network;
  readonly coordinator: {
    readonly record: GroupRecord | undefined;
    readonly hasLost: boolean;
    readonly requests: readonly { readonly reason: string }[];
    crash(untilMs: number): void;
    lose(epoch: number, isTold: boolean): void;
  };
  /** Until this time clients call often and time passes fast; then cuts heal. */
  stirUntilMs: number;
}
