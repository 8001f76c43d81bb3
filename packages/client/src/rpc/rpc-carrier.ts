/**
 * The `rpc` carrier: each call travels to the primary as an ordinary RPC, for proxies and tools that must see every
 * call.
 */
import { type experimental, type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import type {
  CallId,
  MetadataEntries,
  Outcome,
  Reply,
  Request,
  RpcReplyHeader,
  RpcRequestHeader,
} from '@understudy/core/internal';
import {
  ASIDE_PREFIX,
  asBuffer,
  CODE_KEY,
  carriedMetadata,
  DEADLINE_KEY,
  HEADER_KEY,
  SLOT_KEY,
  setCaller,
} from '@understudy/grpc-common';
import { decodeRpcReplyHeader, encodeRpcRequestHeader, HEADER_MAX_BYTES } from '@understudy/wire';
import { replyOutcome } from './reply-outcome.js';

type RpcCall = experimental.CallStream;

/** Makes a call on the user's own channel, whose load-balancing policy sends it to the slot that its metadata names. */
export type MakeRpc = (path: string, deadlineMs: number) => RpcCall;

/** Tells the session how an RPC that carried a call ended. */
export interface RpcEvents {
  rpcReply(call: CallId, header: RpcReplyHeader, outcome: Outcome): void;
  /** @param unsuited gRPC itself does not let this call pass, so another RPC would end the same way */
  rpcBroken(call: CallId, reason: string, unsuited: boolean): void;
}

/** One call that is to travel as an RPC. */
export interface Invocation {
  readonly call: CallId;
  readonly slot: number;
  readonly header: RpcRequestHeader;
  readonly request: Request;
  /** Sends the header's orderInfo on the link to the slot, when it is too large for metadata. */
  readonly sendByFrame: () => void;
  /** Keys that the channel's own call credentials set anew in every RPC. */
  readonly regenerated: ReadonlySet<string> | undefined;
}

/** Carries calls as RPCs: their bytes unchanged, with a header in their metadata. */
export class RpcCarrier {
  readonly #makeRpc: MakeRpc;
  readonly #secret: Uint8Array;
  readonly #events: RpcEvents;
  readonly #open = new Map<CallId, RpcCall>();

  /** @param secret that of the session whose calls these are */
  constructor(makeRpc: MakeRpc, secret: Uint8Array, events: RpcEvents) {
    this.#makeRpc = makeRpc;
    this.#secret = secret;
    this.#events = events;
  }

  invoke({ call, slot, header, request, sendByFrame, regenerated }: Invocation): void {
    // The session sends a call again only after it has given up the RPC that carried it.
    this.cancel(call);
    const metadata = carriedMetadata(setAside(request.metadata, regenerated));
    metadata.set(HEADER_KEY, asBuffer(encodeHeader(header, this.#secret, sendByFrame)));
    metadata.set(SLOT_KEY, String(slot));
    if (request.deadlineMs !== undefined) metadata.set(DEADLINE_KEY, String(request.deadlineMs));
    if (request.nested !== undefined) setCaller(metadata, request.nested);
    const rpc = this.#makeRpc(request.method, request.deadlineMs ?? Number.POSITIVE_INFINITY);
    this.#open.set(call, rpc);
    const reply = new RpcReply();
    rpc.start(metadata, {
      onReceiveMetadata: (received) => {
        reply.initial = received;
      },
      onReceiveMessage: (message: Buffer) => {
        reply.message = message;
      },
      onReceiveStatus: (status) => {
        if (this.#open.get(call) !== rpc) return;
        this.#open.delete(call);
        this.#ended(call, reply, status);
      },
    });
    rpc.startRead();
    rpc.sendMessageWithContext({}, asBuffer(request.message));
    rpc.halfClose();
  }

  cancel(call: CallId): void {
    const rpc = this.#open.get(call);
    if (rpc === undefined) return;
    this.#open.delete(call);
    rpc.cancelWithStatus(Status.CANCELLED, 'Cancelled on client');
  }

  close(): void {
    for (const call of [...this.#open.keys()]) this.cancel(call);
  }

  #ended(call: CallId, reply: RpcReply, status: StatusObject): void {
    const bytes = reply.takeHeader(status);
    if (bytes === undefined) {
      this.#events.rpcBroken(call, `${Status[status.code] ?? status.code}: ${status.details}`, isUnsuited(status));
      return;
    }
    try {
      const header = decodeRpcReplyHeader(bytes);
      const { outcome: kind } = header;
      this.#events.rpcReply(call, header, kind === 'reply' ? reply.outcome(status) : { kind });
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      this.#events.rpcBroken(call, error.message, false);
    }
  }
}

/** Gathers what a unary RPC receives. */
class RpcReply {
  initial: Metadata | undefined;
  message: Buffer | undefined;

  /**
   * Takes the header out of the reply. It arrives first with a reply that succeeds, and in the trailers of an error. An
   * error without it was made up on this side because the connection broke, even if initial metadata had arrived
   * before.
   */
  takeHeader(status: StatusObject): Uint8Array | undefined {
    const first = takeBinary(this.initial);
    return takeBinary(status.metadata) ?? (status.code === Status.OK ? first : undefined);
  }

  outcome(status: StatusObject): Reply {
    return replyOutcome(this.initial, this.message, status);
  }
}

/** The statuses with which gRPC ends calls when a connection breaks, a server shuts down or a deadline passes. */
const PASSING: readonly Status[] = [Status.UNAVAILABLE, Status.CANCELLED, Status.DEADLINE_EXCEEDED];

/**
 * Whether gRPC itself ended the call for a reason other than the connection: the message exceeds the limit of one side,
 * or the server has no such method. (A refusal by a replica has a code of ours.)
 */
const isUnsuited = ({ code, metadata }: StatusObject): boolean =>
  !PASSING.includes(code) && metadata.get(CODE_KEY).length === 0;

function encodeHeader(header: RpcRequestHeader, secret: Uint8Array, sendByFrame: () => void): Uint8Array {
  const bytes = encodeRpcRequestHeader(header, secret);
  if (bytes.length <= HEADER_MAX_BYTES) return bytes;
  sendByFrame();
  return encodeRpcRequestHeader({ ...header, header: { ...header.header, destOrderInfo: [] } }, secret);
}

function takeBinary(metadata: Metadata | undefined): Uint8Array | undefined {
  const value = metadata?.get(HEADER_KEY)[0];
  metadata?.remove(HEADER_KEY);
  return typeof value === 'string' ? undefined : value;
}

function setAside(
  entries: MetadataEntries | undefined,
  keys: ReadonlySet<string> | undefined,
): MetadataEntries | undefined {
  if (keys === undefined) return entries;
  return entries?.map(([key, value]) => [keys.has(key) ? `${ASIDE_PREFIX}${key}` : key, value]);
}
