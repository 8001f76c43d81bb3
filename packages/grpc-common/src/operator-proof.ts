/** How an operator proves to a replica that he knows the group's secret. */
import { derivedKey, macOf } from './group-secret.js';

/** The metadata of a call of the Admin service: the nonce that the replica gave, then the proof. */
export const PROOF_KEY = 'understudy-proof-bin';
export const OPERATOR_PROOF_BYTES = 32;

export interface OperatorAsks {
  /** A method of understudy.v1.Admin, such as `StepDown`. */
  readonly method: string;
  readonly group: string;
  /** The replica that is asked. */
  readonly replica: string;
  /** What the replica answered to `Challenge`. */
  readonly nonce: Uint8Array;
}

/** The proof for one call of one method of one replica. */
export const operatorProof = (secret: Buffer, { method, group, replica, nonce }: OperatorAsks): Buffer =>
  macOf(derivedKey(secret, 'operator proof'), [method, group, replica, nonce]);
