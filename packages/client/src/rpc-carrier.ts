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
import { decodeRpcReplyHeader, encodeRpcRequestHeader, HEADER_MAX_BYTES } from '@understudy/wire';
import { setCaller } from './caller-metadata.js';
import { asBuffer, fromEntries } from './metadata.js';
import { CODE_KEY, SLOT_KEY } from './picker.js';
import { replyOutcome } from './reply-outcome.js';

const HEADER_KEY = 'understudy-header-bin';
/** The call's deadline as the backups get it; what gRPC tells the primary is how long that is off. */
const DEADLINE_KEY = 'understudy-deadline';
/**
 * Goes before keys to which the channel's own call credentials give a value of their own for each RPC, such as a token:
 * the primary takes what the backups get.
 */
const ASIDE_PREFIX = 'understudy-aside-';

type RpcCall = experimental.CallStream;

/** Makes a call on the user's own channel, whose policy sends it to the slot that its metadata names. */
export type MakeRpc = (path: string, deadlineMs: number) => RpcCall;

/** What became of an RPC that carried a call. */
export interface RpcEvents {
  rpcReply(call: CallId, header: RpcReplyHeader, outcome: Outcome): void;
  /** @param unsuited gRPC did not let it pass, and will not the next time */
  rpcBroken(call: CallId, reason: string, unsuited: boolean): void;
}

/** One call that is to travel as an RPC. */
export interface Invocation {
  readonly call: CallId;
  readonly slot: number;
  readonly header: RpcRequestHeader;
  readonly request: Request;
  /** Sends the header's orderInfo on the stream to the slot: what is too large for metadata goes there. */
  readonly sendByFrame: () => void;
  /** Keys to which the channel's own call credentials give a value in every RPC. */
  readonly regenerated: ReadonlySet<string> | undefined;
}

/** The `rpc` carrier: each call travels to the primary as an ordinary RPC, bytes as they are, with a header in its metadata. */
export class RpcCarrier {
  readonly #makeRpc: MakeRpc;
  readonly #events: RpcEvents;
  readonly #open = new Map<CallId, RpcCall>();

  constructor(makeRpc: MakeRpc, events: RpcEvents) {
    this.#makeRpc = makeRpc;
    this.#events = events;
  }

  invoke({ call, slot, header, request, sendByFrame, regenerated }: Invocation): void {
    // A call that is sent anew was given up where it was.
    this.cancel(call);
    const metadata = fromEntries(setAside(request.metadata, regenerated));
    metadata.set(HEADER_KEY, asBuffer(encodeHeader(header, sendByFrame)));
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
   * The header comes first with a reply that succeeds, and with the trailers of an error. An error without it was made up
   * on this side: the connection broke, whatever had come before.
   */
  takeHeader(status: StatusObject): Uint8Array | undefined {
    const first = takeBinary(this.initial);
    return takeBinary(status.metadata) ?? (status.code === Status.OK ? first : undefined);
  }

  outcome(status: StatusObject): Reply {
    return replyOutcome(this.initial, this.message, status);
  }
}

/** What a connection that broke ends calls with, and a server that shuts down, and a deadline. */
const PASSING: readonly Status[] = [Status.UNAVAILABLE, Status.CANCELLED, Status.DEADLINE_EXCEEDED];

/**
 * gRPC itself ended the call, and not because of the connection: the message is larger than one side's limit, or no such
 * method is registered. A refusal by a replica has a code.
 */
const isUnsuited = ({ code, metadata }: StatusObject): boolean =>
  !PASSING.includes(code) && metadata.get(CODE_KEY).length === 0;

function encodeHeader(header: RpcRequestHeader, sendByFrame: () => void): Uint8Array {
  const bytes = encodeRpcRequestHeader(header);
  if (bytes.length <= HEADER_MAX_BYTES) return bytes;
  sendByFrame();
  return encodeRpcRequestHeader({ ...header, header: { ...header.header, destOrderInfo: [] } });
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
