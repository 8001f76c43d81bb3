/** How a replica introduces itself to another. */
import type { Leadership, Member } from '@understudy/core';
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
} from '../parts/membership.js';
import { readSpoken, writeSpoken } from '../parts/spoken.js';

/** First on every link between replicas, from the replica that opened it. */
export interface PeerHello {
  readonly group: string;
  readonly member: Member;
  /** Where clients reach the sender: `host:port`. */
  readonly address: string;
  /** Where other replicas reach it, if that is another address. */
  readonly peerAddress?: string;
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
  reader.close();
  return { group, member, address, ...(peerAddress !== undefined && { peerAddress }) };
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
