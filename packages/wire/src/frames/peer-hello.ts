/** How a replica introduces itself to another. */
import type { Leadership, Member } from '@understudy/core';
import { malformed } from '../bytes/failure.js';
import { Kind, VERSION } from '../bytes/layout.js';
import { reader, writer } from '../bytes/shared.js';
import {
  readAddress,
  readLeadership,
  readMember,
  readOptionalAddress,
  writeLeadership,
  writeMember,
  writeOptionalAddress,
} from '../parts/record/membership.js';
import { readSpoken, writeSpoken } from '../parts/spoken.js';

/** How the liveness thread of one replica is let in by that of another. */
export interface LivenessDoor {
  /** `host:port` */
  readonly address: string;
  /** Names the key below. */
  readonly ticket: Uint8Array;
  /** Both threads prove that they know it. */
  readonly key: Uint8Array;
}

export const LIVENESS_TICKET_BYTES = 16;
export const LIVENESS_KEY_BYTES = 32;

/** First on every link between replicas, from the replica that opened it. */
export interface PeerHello {
  readonly group: string;
  readonly member: Member;
  /** Where clients reach the sender: `host:port`. */
  readonly address: string;
  /** Where other replicas reach it, if that is another address. */
  readonly peerAddress?: string;
  /** Only in the answer of the replica that was dialled: where its liveness thread is reached by the other. */
  readonly liveness?: LivenessDoor;
}

/** Whether an encoding says that it is a hello of a replica. */
export const isPeerHello = (bytes: Uint8Array): boolean => bytes[0] === VERSION && bytes[1] === Kind.peerHello;

export function encodePeerHello(hello: PeerHello): Uint8Array {
  writer.begin(Kind.peerHello, 256);
  writeSpoken(writer);
  writer.string(hello.group);
  writeMember(writer, hello.member);
  writer.string(hello.address);
  writeOptionalAddress(writer, hello.peerAddress);
  const { liveness } = hello;
  writer.boolean(liveness !== undefined);
  if (liveness !== undefined) {
    writer.string(liveness.address);
    writer.bytes(liveness.ticket);
    writer.bytes(liveness.key);
  }
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodePeerHello(bytes: Uint8Array): PeerHello {
  reader.openAs(Kind.peerHello, bytes);
  readSpoken(reader);
  const group = reader.string();
  const member = readMember(reader);
  const address = readAddress(reader);
  const peerAddress = readOptionalAddress(reader);
  const liveness = reader.boolean() ? readDoor() : undefined;
  reader.close();
  return {
    ...{ group, member, address },
    ...(peerAddress !== undefined && { peerAddress }),
    ...(liveness !== undefined && { liveness }),
  };
}

/**
 * What the dialled replica brings along as primary. It follows its hello, since settings may be longer than what is read
 * of a stranger.
 */
export function encodePeerBrings(brings: Leadership): Uint8Array {
  writer.begin(Kind.peerBrings, 256 + brings.settings.length);
  writeLeadership(writer, brings);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodePeerBrings(bytes: Uint8Array): Leadership {
  reader.openAs(Kind.peerBrings, bytes);
  const brings = readLeadership(reader);
  reader.close();
  return brings;
}

function readDoor(): LivenessDoor {
  const address = readAddress(reader);
  const ticket = Buffer.from(reader.bytes());
  const key = Buffer.from(reader.bytes());
  if (ticket.length !== LIVENESS_TICKET_BYTES || key.length !== LIVENESS_KEY_BYTES) {
    malformed('a liveness ticket or key of the wrong length');
  }
  return { address, ticket, key };
}
