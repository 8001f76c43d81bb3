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
export async function stepDown({ address, credentials, secret }: AdminOptions): Promise<string | undefined> {
  const client = new Client(address, credentials);
  try {
    const metadata = new Metadata();
    if (secret !== undefined) metadata.set(PROOF_KEY, await proofFor(client, 'StepDown', secret));
    return textIn(await ask(client, 'StepDown', metadata), 1);
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

function ask(client: Client, method: string, metadata: Metadata): Promise<Buffer> {
  const path = `/understudy.v1.Admin/${method}`;
  const deadline = Date.now() + ANSWER_WITHIN_MS;
  return new Promise((resolve, reject) => {
    // Requests have no fields.
    client.makeUnaryRequest(
      path,
      () => Buffer.alloc(0),
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
