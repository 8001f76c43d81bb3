import type { Epoch } from './ids.js';
import type { GroupRecord, Member } from './record.js';

/** How a compare-and-swap ended. `unknown`: it may or may not have happened; read until it is known. */
export type SwapResult =
  | { readonly kind: 'swapped' }
  | { readonly kind: 'conflict'; readonly current: GroupRecord | undefined }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** A replica that runs, in the record or not. */
export interface Presence {
  readonly member: Member;
  /** `host:port` */
  readonly address: string;
}

/**
 * Keeps one group's record. Only changes of the record need it, never a call. Every method has a deadline of its own and
 * rejects with UNDERSTUDY_COORDINATOR when it passes, or UNDERSTUDY_RECORD_DAMAGED when what is stored cannot be read.
 */
export interface Coordinator {
  /** The record, or undefined before the first replica created it. */
  read(): Promise<GroupRecord | undefined>;
  /**
   * Replaces the record if its epoch is `expected` (0: if there is none) by `next`, whose epoch must be `expected + 1`.
   * Atomic and durable. An outcome that cannot be told is `unknown`, never a rejection; rejects with UNDERSTUDY_COORDINATOR
   * only for a `next` that no coordinator would keep: another epoch, or a field that cannot be read back.
   */
  compareAndSwap(expected: Epoch, next: GroupRecord): Promise<SwapResult>;
  /**
   * Calls `onRecord` soon after every change (perhaps skipping superseded ones), and once with the current record.
   * Goes on after disconnects. Returns a function that ends it.
   */
  watch(onRecord: (record: GroupRecord) => void, onError: (error: Error) => void): () => void;
  /** Says that this replica runs, until `close` or the death of this process. */
  announce(presence: Presence): Promise<void>;
  /** The replicas that run, as far as is known. */
  present(): Promise<readonly Presence[]>;
  close(): Promise<void>;
}

/** Makes the coordinator of a group; what `etcd(…)` and `embeddedCoordinator(…)` return. */
export type CoordinatorFactory = (group: string) => Coordinator;

/** The service's state as replication sees it. Called only between two messages. */
export interface StateSource {
  /** A copy of the whole state, as bytes. */
  checkpoint(): Uint8Array | Promise<Uint8Array>;
  /** Replaces the whole state. */
  restore(state: Uint8Array): void | Promise<void>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Receives structured log records; never a payload. */
export interface Logger {
  log(level: LogLevel, event: string, fields: Readonly<Record<string, string | number | boolean | undefined>>): void;
}
