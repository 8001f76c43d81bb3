/** Classifies the errors of calls by their effect. */
import type { ServiceError } from '@grpc/grpc-js';
import { ERROR_CODES, type ErrorCode } from '@understudy/core';
import { BankStatus } from '@understudy/examples/bank/operation.js';
import type { CallEnd } from './messages.js';

const REFUSED = /^operation refused at place (\d+): /;

/** Tells from its error whether a call took effect. */
export function endOf(error: ServiceError): CallEnd {
  const { code, details, metadata } = error;
  const place = REFUSED.exec(details)?.[1];
  if (place !== undefined && (code === BankStatus.NOT_FOUND || code === BankStatus.FAILED_PRECONDITION)) {
    return { kind: 'refused', sequence: Number(place) };
  }
  const [effect] = metadata.get('understudy-may-have-taken-effect');
  if (effect !== undefined) return { kind: effect === 'false' ? 'none' : 'unknown', code, details };
  // Without our interceptor, the replica's own error code arrives in the metadata. An error without one comes from the
  // link.
  const [known] = metadata.get('understudy-code');
  const hadNone =
    typeof known === 'string' && known in ERROR_CODES && !ERROR_CODES[known as ErrorCode].mayHaveTakenEffect;
  return { kind: hadNone ? 'none' : 'unknown', code, details };
}
