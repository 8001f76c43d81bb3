import type { Mode } from '../service/service-config.js';

export const SECTIONS = ['throughput', 'latency', 'streams', 'wire', 'failover', 'recovery'] as const;
export type Section = (typeof SECTIONS)[number];

/** What a run of the benchmark was asked to do. */
export interface Settings {
  readonly only: readonly Section[];
  /** Names of variants; the bare service is always among them. Empty: all. */
  readonly variants: readonly string[];
  readonly replicas: number;
  readonly rounds: number;
  /** Length of a measured stretch. */
  readonly seconds: number;
  /** Full load before anything is measured. */
  readonly warmUpSeconds: number;
  readonly inFlight: number;
  readonly failovers: number;
  readonly logLengths: readonly number[];
  /** Recoveries from each log length. */
  readonly recoveries: number;
  readonly mode: Pick<Mode, 'replication' | 'multicast' | 'leaseMs'>;
  /** Where to put CPU profiles of the measured stretches. */
  readonly profile: string | undefined;
  readonly json: string | undefined;
}

/** What every measurement is given. */
export interface Bench {
  readonly settings: Settings;
  readonly interrupt: AbortSignal;
  /** Says what is being done. */
  readonly progress: (sentence: string) => void;
}
