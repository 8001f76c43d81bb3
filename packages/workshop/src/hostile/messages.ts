/** The messages between a hostile run and its processes. */
import type { Mode } from '@understudy/examples/common/mode.js';

/** The kinds of attack, which attacks.ts describes. */
export type AttackName =
  | 'legal'
  | 'replies'
  | 'keys'
  | 'bodies'
  | 'windows'
  | 'parts'
  | 'visits'
  | 'sessions'
  | 'streams';

export interface HonestJob {
  readonly target: string;
  readonly mode: Mode;
  readonly clients: number;
}

/** The results of the honest clients so far. */
export interface HonestReport {
  readonly kind: 'report';
  readonly calls: number;
  /** How many calls failed, by status and text. */
  readonly failures: Readonly<Record<string, number>>;
  readonly worstMs: number;
}

/** `begun`: each honest client was answered. */
export type HonestMessage = { readonly kind: 'begun' } | HonestReport;

export interface AttackJob {
  readonly attacks: readonly AttackName[];
  readonly seed: number;
  readonly seconds: number;
}

/** The answer to `next`: the addresses of the replicas, the primary's first. */
export interface AttackCommand {
  readonly addresses: readonly string[];
}

/** The result of one kind of attack. */
export interface AttackResult {
  readonly attack: AttackName;
  readonly frames: number;
  readonly bytes: number;
  /** How often the group refused something, by code. */
  readonly refusals: Readonly<Record<string, number>>;
}

export type AttackMessage =
  /** The attacker is ready for its next attack and asks for the addresses of the replicas. */
  | { readonly kind: 'next'; readonly attack: AttackName }
  | { readonly kind: 'done'; readonly results: readonly AttackResult[] };
