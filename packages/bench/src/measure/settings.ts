/** The settings of a run. */
import type { Mode } from '../service/service-config.js';

export const SECTIONS = [
  ...(['throughput', 'latency', 'streams', 'overload', 'large', 'waits', 'reads'] as const),
  ...(['wire', 'idle', 'failover', 'recovery', 'joining'] as const),
] as const;
/** The sizes of large messages that can be measured, MiB. */
export const LARGE_MIB = [1, 8, 64] as const;

export type Section = (typeof SECTIONS)[number];

/** The task of a run of the benchmark. */
export interface Settings {
  readonly only: readonly Section[];
  /** Names of variants, always with the bare service. Empty: all variants. */
  readonly variants: readonly string[];
  readonly replicas: number;
  readonly rounds: number;
  /** Length of a measured stretch, seconds. */
  readonly seconds: number;
  /** Least full load before anything is measured, seconds. */
  readonly warmUpSeconds: number;
  readonly inFlight: number;
  /** Whether to measure also while another process keeps every core busy. */
  readonly disturbed: boolean;
  readonly failovers: number;
  readonly logLengths: readonly number[];
  /** Number of recoveries at each log length. */
  readonly recoveries: number;
  readonly joining: JoiningSettings;
  readonly largeMib: readonly number[];
  /** With how many sessions an idle group is measured. */
  readonly idleSessions: readonly number[];
  readonly mode: Pick<Mode, 'replication' | 'multicast' | 'leaseMs'>;
  /** Where to put CPU profiles of the measured stretches. */
  readonly profile: string | undefined;
  readonly json: string | undefined;
}

export interface JoiningSettings {
  /** How many replicas join, each a group of its own. */
  readonly count: number;
  readonly stateMib: number;
  /** The calls that are made meanwhile. */
  readonly callsPerSecond: number;
}

/** The settings that every measurement uses. */
export interface Bench {
  readonly settings: Settings;
  readonly interrupt: AbortSignal;
  /** Tells the user what is measured now. */
  readonly progress: (sentence: string) => void;
}
