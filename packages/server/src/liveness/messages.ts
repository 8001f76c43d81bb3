/** What the main thread and the liveness thread tell each other. */

/** The address of another thread, and the key that it must be shown. */
export interface Door {
  readonly host: string;
  readonly port: number;
  /** Hexadecimal. */
  readonly ticket: string;
  readonly key: Uint8Array;
}

/** Messages of the main thread to the liveness thread. */
export type ToThread =
  | { readonly kind: 'listen'; readonly id: number; readonly host: string; readonly port: number }
  | { readonly kind: 'unlisten'; readonly id: number }
  | {
      readonly kind: 'life';
      readonly life: number;
      readonly cells: SharedArrayBuffer;
      /** For the line on stderr: `replica r1 of group bank`. */
      readonly name: string;
      readonly beatMs: number;
      readonly blockedMaxMs: number;
      /** How much longer the main thread may be blocked while it copies or replaces the user's state. */
      readonly copyMs: number;
    }
  | { readonly kind: 'lifeOver'; readonly life: number }
  | {
      readonly kind: 'admit';
      readonly life: number;
      readonly peer: string;
      readonly ticket: string;
      readonly key: Uint8Array;
    }
  | { readonly kind: 'expel'; readonly life: number; readonly peer: string }
  | ({
      readonly kind: 'dial';
      readonly life: number;
      readonly slot: number;
    } & Door)
  | { readonly kind: 'hangUp'; readonly life: number; readonly slot: number }
  | { readonly kind: 'method'; readonly id: number; readonly name: string };

/** Messages of the liveness thread to the main thread. */
export type FromThread =
  | { readonly kind: 'listening'; readonly id: number; readonly port: number }
  | { readonly kind: 'cannotListen'; readonly id: number; readonly reason: string }
  | { readonly kind: 'reached'; readonly life: number; readonly slot: number }
  | { readonly kind: 'unreached'; readonly life: number; readonly slot: number; readonly reason: string }
  /** Asks the main thread for a turn, in case the timers by which it counts are not the real ones. */
  | { readonly kind: 'turning' };

export interface ThreadData {
  readonly understudyLiveness: true;
  readonly shared: SharedArrayBuffer;
  /** `process.hrtime` at the origin of the main thread's clock, in nanoseconds. */
  readonly originNs: bigint;
}
