/** Calls the Admin service of one replica (protos/understudy/v1/admin.proto). */
import { type ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { asBuffer, CODE_KEY, operatorProof, PROOF_KEY } from '@understudy/grpc-common';

const ANSWER_WITHIN_MS = 10_000;

export interface AdminOptions {
  /** `host:port` of the replica's listener for replicas and operators. */
  readonly address: string;
  readonly credentials: ChannelCredentials;
  /** The secret of the group, if it has one. */
  readonly secret: Buffer | undefined;
}

/** Hands over from the replica at `address`. @returns the replica that was handed over to; undefined if there is none */
export async function stepDown(options: AdminOptions): Promise<string | undefined> {
  return textIn(await askWithProof(options, 'StepDown', 'StepDown', Buffer.alloc(0)), 1);
}

/** Has the primary at `address` remove a replica from the record. */
export async function remove(options: AdminOptions, replica: string): Promise<void> {
  await askWithProof(options, 'Remove', `Remove ${replica}`, Buffer.concat([header(replica), Buffer.from(replica)]));
}

/** Has the replica at `address` put the lost record back. */
export async function restore(options: AdminOptions): Promise<void> {
  await askWithProof(options, 'Restore', 'Restore', Buffer.alloc(0));
}

/** The tag and the length of a text in field 1. */
function header(text: string): Buffer {
  const length = Buffer.byteLength(text);
  return Buffer.from(length < 0x80 ? [0x0a, length] : [0x0a, (length & 0x7f) | 0x80, length >> 7]);
}

async function askWithProof(options: AdminOptions, method: string, proves: string, request: Buffer): Promise<Buffer> {
  const { address, credentials, secret } = options;
  const client = new Client(address, credentials);
  try {
    const metadata = new Metadata();
    if (secret !== undefined) metadata.set(PROOF_KEY, await proofFor(client, proves, secret));
    return await ask(client, method, metadata, request);
  } finally {
    client.close();
  }
}

async function proofFor(client: Client, method: string, secret: Buffer): Promise<Buffer> {
  const answer = await ask(client, 'Challenge', new Metadata());
  const nonce = fieldIn(answer, 1) ?? Buffer.alloc(0);
  const asks = { method, group: textIn(answer, 2) ?? '', replica: textIn(answer, 3) ?? '', nonce };
  return Buffer.concat([nonce, operatorProof(secret, asks)]);
}

function ask(client: Client, method: string, metadata: Metadata, request: Buffer = Buffer.alloc(0)): Promise<Buffer> {
  const path = `/understudy.v1.Admin/${method}`;
  const deadline = Date.now() + ANSWER_WITHIN_MS;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      () => request,
      asBuffer,
      {},
      metadata,
      { deadline },
      (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(failure(error));
      },
    );
  });
}

function failure(error: ServiceError | null): UnderstudyError {
  const details = error?.details ?? 'the replica gave no answer';
  const isSetup = error?.metadata.get(CODE_KEY)[0] === 'UNDERSTUDY_SETUP';
  const sentence = details.replace(/^UNDERSTUDY_[A-Z_]+: /, '');
  return new UnderstudyError(isSetup ? 'UNDERSTUDY_SETUP' : 'UNDERSTUDY_UNREACHABLE', sentence);
}

const textIn = (message: Buffer, field: number): string | undefined => fieldIn(message, field)?.toString();

/** The length-delimited field of an encoded message that has only such fields, each shorter than 16 KiB. */
function fieldIn(message: Buffer, wanted: number): Buffer | undefined {
  let at = 0;
  while (at + 1 < message.length) {
    const field = (message[at] ?? 0) >> 3;
    const low = message[at + 1] ?? 0;
    const isLong = low > 0x7f;
    const length = isLong ? (low & 0x7f) + ((message[at + 2] ?? 0) << 7) : low;
    const from = at + (isLong ? 3 : 2);
    if (field === wanted) return message.subarray(from, from + length);
    at = from + length;
  }
  return undefined;
}
