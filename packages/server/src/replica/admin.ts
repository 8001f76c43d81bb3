/**
 * The service understudy.v1.Admin (protos/understudy/v1/admin.proto), by which operators ask a replica for its status
 * and make it step down.
 */
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { wallMs } from '@understudy/context';
import {
  type Member,
  type MemberStatus,
  type ReplicaId,
  type ReplicaStatus,
  type Role,
  UnderstudyError,
} from '@understudy/core';
import type { OperatorAsk } from '@understudy/core/internal';
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
  Remove: { ...method('Remove', nothing), requestDeserialize: (bytes: Buffer): RemoveRequest => decodeRemove(bytes) },
  Restore: method('Restore', nothing),
};

interface RemoveRequest {
  readonly replica: string;
}

function nothing(_answer: object): Buffer {
  return Buffer.alloc(0);
}

/** Reads field 1, of at most 16 KiB, and accepts no other field. */
function decodeRemove(bytes: Buffer): RemoveRequest {
  const [tag = 0, low = 0, high = 0] = bytes;
  const isLong = low > 0x7f;
  const length = isLong ? (low & 0x7f) + (high << 7) : low;
  const from = isLong ? 3 : 2;
  const isWhole = tag === 0x0a && bytes.length === from + length;
  return { replica: isWhole ? bytes.subarray(from).toString() : '' };
}

export interface AdminTarget {
  readonly status: ReplicaStatus;
  /** The address at which its thread exchanges heartbeats; undefined if it has no thread. */
  readonly livenessAddress: string | undefined;
  stop(): Promise<ReplicaId | undefined>;
  /** @throws UNDERSTUDY_SETUP with the reason why the request cannot be fulfilled */
  operate(asks: OperatorAsk): Promise<void>;
}

/** The contents of an answer to `Status`. */
interface Report {
  readonly status: ReplicaStatus;
  readonly livenessAddress: string | undefined;
  readonly nowMs: number;
}

interface Challenge {
  readonly nonce: Buffer;
  readonly status: ReplicaStatus;
}

/** The handlers of operators' requests. Operators must prove who they are as peers must. */
export function adminHandlers(replica: AdminTarget, operators: Pick<OperatorCheck, 'challenge' | 'refuses'>) {
  const allows = <T>(
    call: ServerUnaryCall<never, T> | ServerUnaryCall<object, T>,
    method: string,
    callback: sendUnaryData<T>,
  ): boolean => {
    try {
      const problem = operators.refuses(call, method);
      if (problem === undefined) return true;
      callback(errorStatus('UNDERSTUDY_SETUP', problem));
    } catch (error) {
      // The user's function `groupSecret` failed.
      if (!(error instanceof UnderstudyError)) throw error;
      callback(statusOfUnderstudyError(error));
    }
    return false;
  };
  const operate = (asks: OperatorAsk, callback: sendUnaryData<object>): void => {
    replica.operate(asks).then(
      () => callback(null, {}),
      (error: unknown) =>
        callback(error instanceof UnderstudyError ? statusOfUnderstudyError(error) : (error as Error)),
    );
  };
  return {
    Challenge(_call: ServerUnaryCall<object, Challenge>, callback: sendUnaryData<Challenge>): void {
      callback(null, { nonce: operators.challenge(), status: replica.status });
    },
    Status(call: ServerUnaryCall<object, Report>, callback: sendUnaryData<Report>): void {
      if (!allows(call, 'Status', callback)) return;
      const { status, livenessAddress } = replica;
      callback(null, { status, livenessAddress, nowMs: wallMs() });
    },
    StepDown(call: ServerUnaryCall<object, ReplicaId | ''>, callback: sendUnaryData<ReplicaId | ''>): void {
      if (!allows(call, 'StepDown', callback)) return;
      replica.stop().then(
        (handedOverTo) => callback(null, handedOverTo ?? ''),
        (error: Error) => callback(error),
      );
    },
    Remove(call: ServerUnaryCall<RemoveRequest, object>, callback: sendUnaryData<object>): void {
      const id = call.request.replica as ReplicaId;
      if (allows(call, `Remove ${id}`, callback)) operate({ kind: 'remove', replica: id }, callback);
    },
    Restore(call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>): void {
      if (allows(call, 'Restore', callback)) operate({ kind: 'restore' }, callback);
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

function encodeStatus({ status, livenessAddress, nowMs }: Report): Buffer {
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
  writer
    .uint(23, status.unordered)
    .uint(24, status.keptBytes)
    .uint(25, status.divergences)
    .uint(26, status.forgedOrders)
    .uint(27, nowMs)
    .string(28, livenessAddress)
    .uint(29, status.statesEqualUpTo)
    .string(30, status.degraded);
  for (const { method, times } of status.diverging)
    writer.bytes(31, new ProtoWriter().string(1, method).uint(2, times).finish());
  return writer.finish();
}

function encodeCode({ id, version, waitsWith }: MemberStatus): Buffer {
  const writer = new ProtoWriter().string(1, id).string(2, version);
  for (const name of waitsWith) writer.string(3, name);
  return writer.finish();
}

const encodeMember = ({ id, incarnation }: Member): Buffer =>
  new ProtoWriter().string(1, id).bytes(2, Buffer.from(incarnation, 'hex')).finish();
