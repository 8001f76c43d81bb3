/** The group and the calls of every window. */
import type { GroupConfig } from '@understudy/core/internal';
import { drawPlan } from '../../plan/draw.js';
import { type Plan, READS } from '../../plan/plan.js';
import { registers } from '../../services/registers.js';
import { Scripted } from './scripted.js';

/** The part of the config that differs between groups. */
export type Mode = Pick<GroupConfig, 'replication' | 'multicast' | 'release' | 'carrier'>;

/** All 16 modes. */
export const MODES: readonly Mode[] = (['semi-active', 'passive'] as const).flatMap((replication) =>
  (['direct', 'destination'] as const).flatMap((multicast) =>
    (['concurrent', 'acknowledged'] as const).flatMap((release) =>
      (['stream', 'rpc'] as const).map((carrier) => ({ replication, multicast, release, carrier })),
    ),
  ),
);

export const nameOf = ({ replication, multicast, release, carrier }: Mode): string =>
  [replication, multicast, release, carrier].join(',');

/** A call by one of the clients. Each client makes its calls one after the other. */
export interface ScriptedCall {
  readonly client: number;
  readonly readOnly: boolean;
  readonly input: unknown;
}

/** Both clients write the same register, and the first one reads it afterwards. */
const CALLS: readonly ScriptedCall[] = [
  { client: 0, readOnly: false, input: { kind: 'set', key: 'x', value: 1 } },
  { client: 1, readOnly: false, input: { kind: 'set', key: 'x', value: 2 } },
  { client: 0, readOnly: true, input: { kind: 'get', key: 'x' } },
];
export const OPERATIONS_MAX = CALLS.length;

export const callsOf = (operations: number): readonly ScriptedCall[] => CALLS.slice(0, operations);

/** Short times, so that a failover takes few steps. They have the proportions of the defaults. */
export const LEASE_MS = 120;
const SESSION_MS = 3 * LEASE_MS;

/** Two replicas and two clients with exact clocks. Only the schedule causes faults. */
export function planOf(mode: Mode): Plan {
  const drawn = drawPlan(new Scripted(new Map()));
  return {
    ...drawn,
    config: {
      ...drawn.config,
      ...mode,
      leaseMs: LEASE_MS,
      sessionMs: SESSION_MS,
      sessionExpiryMs: 60_000,
      stallMs: 60_000,
      batchMs: 0,
      methods: READS,
    },
    workload: registers,
    servers: 2,
    clients: 2,
    steps: 0,
    faults: [],
    faultRate: 0,
    handlerMs: 0,
    admits: false,
    stuck: false,
    plainRate: 0,
    coordinatorLoss: 0,
    drift: { slowest: 1, fastest: 1 },
    drill: undefined,
  };
}
