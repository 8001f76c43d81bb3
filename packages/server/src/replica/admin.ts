/**
 * The service understudy.v1.Admin (protos/understudy/v1/admin.proto), by which operators ask a replica for its status
 * and make it step down.
 */
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import {
  type Member,
  type MemberStatus,
  type ReplicaId,
  type ReplicaStatus,
  type Role,
  UnderstudyError,
} from '@understudy/core';
import { errorStatus, statusOfUnderstudyError } from '@understudy/grpc-common';
import { ProtoWriter } from '../checks/proto-writer.js';
import type { OperatorCheck } from '../identity/operator-check.js';

const method = <T>(name: string, responseSerialize: (value: T) => Buffer) => ({
  path: `/understudy.v1.Admin/${name}`,
  requestStream: false,
  responseStream: false,
  // Requests have no fields.
  requestSerialize: (_value: unknown): Buffer => Buffer.alloc(0),
  requestDeserialize: (_bytes: Buffer): object => ({}),
  responseSerialize,
  responseDeserialize: (bytes: Buffer): Buffer => bytes,
});

/** The service's methods, as grpc-js registers them. */
export const adminService = {
  Status: method('Status', encodeStatus),
  Challenge: method('Challenge', encodeChallenge),
  StepDown: method('StepDown', (handedOverTo: ReplicaId | '') => new ProtoWriter().string(1, handedOverTo).finish()),
};

export interface AdminTarget {
  readonly status: ReplicaStatus;
  stop(): Promise<ReplicaId | undefined>;
}

interface Challenge {
  readonly nonce: Buffer;
  readonly status: ReplicaStatus;
}

/** What operators may ask of a replica. They must prove who they are as its peers must. */
export function adminHandlers(replica: AdminTarget, operators: Pick<OperatorCheck, 'challenge' | 'refuses'>) {
  const allows = <T>(call: ServerUnaryCall<object, T>, method: string, callback: sendUnaryData<T>): boolean => {
    try {
      const problem = operators.refuses(call, method);
      if (problem === undefined) return true;
      callback(errorStatus('UNDERSTUDY_SETUP', problem));
    } catch (error) {
      // The function `groupSecret` failed.
      if (!(error instanceof UnderstudyError)) throw error;
      callback(statusOfUnderstudyError(error));
    }
    return false;
  };
  return {
    Challenge(_call: ServerUnaryCall<object, Challenge>, callback: sendUnaryData<Challenge>): void {
      callback(null, { nonce: operators.challenge(), status: replica.status });
    },
    Status(call: ServerUnaryCall<object, ReplicaStatus>, callback: sendUnaryData<ReplicaStatus>): void {
      if (allows(call, 'Status', callback)) callback(null, replica.status);
    },
    StepDown(call: ServerUnaryCall<object, ReplicaId | ''>, callback: sendUnaryData<ReplicaId | ''>): void {
      if (!allows(call, 'StepDown', callback)) return;
      replica.stop().then(
        (handedOverTo) => callback(null, handedOverTo ?? ''),
        (error: Error) => callback(error),
      );
    },
  };
}

function encodeChallenge({ nonce, status }: Challenge): Buffer {
  return new ProtoWriter().bytes(1, nonce).string(2, status.group).string(3, status.replica.id).finish();
}

const ROLES: Readonly<Record<Role, number>> = {
  starting: 1,
  joining: 2,
  backup: 3,
  promoting: 4,
  primary: 5,
  deposed: 6,
};

function encodeStatus(status: ReplicaStatus): Buffer {
  const writer = new ProtoWriter()
    .string(1, status.group)
    .bytes(2, encodeMember(status.replica))
    .uint(3, ROLES[status.role])
    .uint(4, status.term)
    .uint(5, status.epoch)
    .string(6, status.primary);
  for (const member of status.inSync) writer.bytes(7, encodeMember(member));
  writer
    .uint(8, status.heldUpTo)
    .uint(9, status.processedUpTo)
    .uint(10, status.stableUpTo)
    .string(11, status.digest)
    .uint(12, status.sessions)
    .uint(13, status.logLength)
    .uint(14, status.waitingToRelease)
    .string(15, status.blocked)
    .string(16, status.recordChange)
    .uint(17, status.refusedBodies)
    .string(18, status.leaving)
    .uint(19, status.strayErrors)
    .string(20, status.version)
    .string(21, status.settings);
  for (const member of status.members) writer.bytes(22, encodeCode(member));
  return writer.finish();
}

function encodeCode({ id, version, waitsWith }: MemberStatus): Buffer {
  const writer = new ProtoWriter().string(1, id).string(2, version);
  for (const name of waitsWith) writer.string(3, name);
  return writer.finish();
}

const encodeMember = ({ id, incarnation }: Member): Buffer =>
  new ProtoWriter().string(1, id).bytes(2, Buffer.from(incarnation, 'hex')).finish();
