/** How a replica introduces itself to another. */
import type { Member } from '@understudy/core';
import { Kind } from '../bytes/layout.js';
import { reader, writer } from '../bytes/shared.js';
import { readMember, writeMember } from '../parts/membership.js';

/** First on every link between replicas, from the replica that opened it. */
export interface PeerHello {
  readonly group: string;
  readonly member: Member;
  /** Where the sender is reached: `host:port`. */
  readonly address: string;
  /** Digest of the group's config. The replicas of one group must agree on it. */
  readonly configDigest: number;
}

export function encodePeerHello(hello: PeerHello): Uint8Array {
  writer.begin(Kind.peerHello, 256);
  writer.string(hello.group);
  writeMember(writer, hello.member);
  writer.string(hello.address);
  writer.signed(hello.configDigest);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodePeerHello(bytes: Uint8Array): PeerHello {
  reader.openAs(Kind.peerHello, bytes);
  const hello: PeerHello = {
    group: reader.string(),
    member: readMember(reader),
    address: reader.string(),
    configDigest: reader.signed(),
  };
  reader.close();
  return hello;
}
