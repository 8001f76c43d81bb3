/** The messages between a hostile run and its processes. */
import type { Mode } from '@understudy/examples/common/mode.js';

/** The kinds of attack; what each does is in attacks.ts. */
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

/** What the honest clients have seen so far. */
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

/** The answer to `next`: where the replicas are, the primary first. */
export interface AttackCommand {
  readonly addresses: readonly string[];
}

/** What became of one kind of attack. */
export interface AttackResult {
  readonly attack: AttackName;
  readonly frames: number;
  readonly bytes: number;
  /** How often the group refused something, by code. */
  readonly refusals: Readonly<Record<string, number>>;
}

export type AttackMessage =
  /** The attacker is ready for its next attack, and asks where the replicas are. */
  | { readonly kind: 'next'; readonly attack: AttackName }
  | { readonly kind: 'done'; readonly results: readonly AttackResult[] };
