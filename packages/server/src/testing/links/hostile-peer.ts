import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Incarnation, Member, ReplicaId } from '@understudy/core';
import type { PeerFrame } from '@understudy/core/internal';
import { LINK_PATH } from '@understudy/grpc-common';
import { encodePeerFrame, encodePeerHello, type PeerHello, wrapFrame } from '@understudy/wire';
import { FrameSeal } from '../../identity/frame-seal.js';
import { GroupSecret } from '../../identity/group-secret.js';
import { DiallingProof } from '../../identity/link-proof.js';
import { RawStream } from './raw-stream.js';

export const memberOf = (id: string, digit = 'a'): Member => ({
  id: id as ReplicaId,
  incarnation: digit.repeat(32) as Incarnation,
});

export interface HostileOptions {
  readonly address: string;
  readonly serviceConfig: object;
  readonly credentials?: ChannelCredentials;
  /** The replica that it claims to be. */
  readonly member?: Member;
  /** The replica that it dials. Default `r1`. */
  readonly dials?: string;
}

/** Speaks as a replica would, with anything that a test wants to say. */
export class HostilePeer {
  readonly stream: RawStream;
  readonly member: Member;
  readonly hello: PeerHello;
  /** Everything that it sent, for tests that repeat it. */
  readonly sent: Buffer[] = [];
  readonly #dials: ReplicaId;
  #sealer: FrameSeal | undefined;

  constructor({ address, credentials, member = memberOf('r9'), dials = 'r1' }: HostileOptions) {
    this.stream = new RawStream(address, LINK_PATH, credentials).listen();
    this.member = member;
    this.#dials = dials as ReplicaId;
    this.hello = { group: 'counters', member, address: '127.0.0.1:9' };
  }

  /**
   * Proves that it knows a secret.
   *
   * @returns resolves with the proof of the other side
   */
  async prove(secret: string): Promise<Uint8Array> {
    const proof = new DiallingProof(new GroupSecret(secret), 'counters', this.member, this.#dials);
    this.send(proof.challenge);
    const mine = proof.onChallenge(await this.stream.next());
    this.send(mine.proof);
    this.#sealer = new FrameSeal(mine.keys.toDialled);
    const theirs = await this.stream.next();
    // The replica says nothing more before it knows who this is.
    this.stream.isSealed = true;
    return theirs;
  }

  /** @param hello what the hello says in place of the truth */
  sayHello(hello: Partial<PeerHello> = {}): void {
    this.send(encodePeerHello({ ...this.hello, ...hello }));
  }

  sendFrame(frame: PeerFrame): void {
    this.send(encodePeerFrame(frame));
  }

  /** @param change alters the message on its way */
  send(bytes: Uint8Array, change: (message: Buffer) => Buffer = (message) => message): void {
    const message = wrapFrame(Buffer.from(bytes));
    this.sendRaw(change(this.#sealer?.seal(message) ?? message));
  }

  sendRaw(message: Buffer): void {
    this.sent.push(message);
    this.stream.sendRaw(message);
  }
}
