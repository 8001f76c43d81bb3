/** The frames by which two replicas prove to each other that they know the group's secret, before any other frame. */
import type { Member } from '@understudy/core';
import { malformed } from '../bytes/failure.js';
import { Kind, VERSION } from '../bytes/layout.js';
import { reader, writer } from '../bytes/shared.js';
import { readMember, writeMember } from '../parts/record/membership.js';

export const PEER_NONCE_BYTES = 32;
export const PEER_PROOF_BYTES = 32;

/** The first frame on a link of a group that has a secret: from the replica that opened it, then from the other. */
export interface PeerChallenge {
  readonly group: string;
  readonly member: Member;
  /** 32 random bytes, fresh for each link. */
  readonly nonce: Uint8Array;
}

/** Whether an encoding says that it is a challenge. */
export const isPeerChallenge = (bytes: Uint8Array): boolean => bytes[0] === VERSION && bytes[1] === Kind.peerChallenge;

export function encodePeerChallenge({ group, member, nonce }: PeerChallenge): Uint8Array {
  writer.begin(Kind.peerChallenge, 256);
  writer.string(group);
  writeMember(writer, member);
  writer.bytes(nonce);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodePeerChallenge(bytes: Uint8Array): PeerChallenge {
  reader.openAs(Kind.peerChallenge, bytes);
  const challenge = { group: reader.string(), member: readMember(reader), nonce: Buffer.from(reader.bytes()) };
  reader.close();
  if (challenge.nonce.length !== PEER_NONCE_BYTES) malformed(`a nonce of ${challenge.nonce.length} bytes`);
  return challenge;
}

/** Encodes the second frame on such a link, from each side: an HMAC over both challenges. */
export function encodePeerProof(proof: Uint8Array): Uint8Array {
  writer.begin(Kind.peerProof, 64);
  writer.bytes(proof);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodePeerProof(bytes: Uint8Array): Buffer {
  reader.openAs(Kind.peerProof, bytes);
  const proof = Buffer.from(reader.bytes());
  reader.close();
  if (proof.length !== PEER_PROOF_BYTES) malformed(`a proof of ${proof.length} bytes`);
  return proof;
}
