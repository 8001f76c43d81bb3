/** Calls the Admin service of one replica (protos/understudy/v1/admin.proto). */
import { type ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { asBuffer, CODE_KEY, operatorProof, PROOF_KEY } from '@understudy/grpc-common';
import { decoded, encoded } from './messages.js';
import { type ReplicaReport, reportFrom } from './report.js';

const ANSWER_WITHIN_MS = 10_000;
const NOTHING = Buffer.alloc(0);

export interface AdminOptions {
  /** `host:port` of the replica's listener for replicas and operators. */
  readonly address: string;
  readonly credentials: ChannelCredentials;
  /** The secret of the group, if it has one. */
  readonly secret: Buffer | undefined;
  /** How long to wait for each answer, milliseconds. Default 10,000. */
  readonly withinMs?: number;
}

/** Hands over from the replica at `address`. @returns the replica that was handed over to; undefined if there is none */
export async function stepDown(options: AdminOptions): Promise<string | undefined> {
  const answer = await askWithProof(options, 'StepDown', 'StepDown', NOTHING);
  return decoded<{ handedOverTo: string }>('StepDownResponse', answer).handedOverTo || undefined;
}

/** Has the primary at `address` remove a replica from the record. */
export async function remove(options: AdminOptions, replica: string): Promise<void> {
  await askWithProof(options, 'Remove', `Remove ${replica}`, encoded('RemoveRequest', { replica }));
}

/** Has the replica at `address` put the lost record back. */
export async function restore(options: AdminOptions): Promise<void> {
  await askWithProof(options, 'Restore', 'Restore', NOTHING);
}

/** A status, and this machine's wall clock before and after the replica gave it. */
export interface TimedReport {
  readonly report: ReplicaReport;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

/**
 * Asks the replica at `address` for its status.
 *
 * @throws UNDERSTUDY_UNREACHABLE if it does not answer, UNDERSTUDY_SETUP if it refuses
 */
export async function reportOf(options: AdminOptions): Promise<TimedReport> {
  return withClient(options, async (client) => {
    const metadata = await proved(client, options, 'Status');
    const askedAtMs = Date.now();
    const answer = await ask(client, options, 'Status', metadata);
    return { report: reportFrom(answer), askedAtMs, answeredAtMs: Date.now() };
  });
}

const askWithProof = (options: AdminOptions, method: string, proves: string, request: Buffer): Promise<Buffer> =>
  withClient(options, async (client) => ask(client, options, method, await proved(client, options, proves), request));

async function withClient<T>({ address, credentials }: AdminOptions, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(address, credentials);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** The metadata that proves who the operator is. */
async function proved(client: Client, options: AdminOptions, method: string): Promise<Metadata> {
  const metadata = new Metadata();
  const { secret } = options;
  if (secret === undefined) return metadata;
  const { nonce, group, replica } = decoded<{ nonce: Buffer; group: string; replica: string }>(
    'ChallengeResponse',
    await ask(client, options, 'Challenge', new Metadata()),
  );
  metadata.set(PROOF_KEY, Buffer.concat([nonce, operatorProof(secret, { method, group, replica, nonce })]));
  return metadata;
}

function ask(
  client: Client,
  { withinMs = ANSWER_WITHIN_MS }: AdminOptions,
  method: string,
  metadata: Metadata,
  request: Buffer = NOTHING,
): Promise<Buffer> {
  const path = `/understudy.v1.Admin/${method}`;
  const deadline = Date.now() + withinMs;
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
  const sentence = details
    .replace(/^UNDERSTUDY_[A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: (?:Error: )?(.+?)\.? Resolution note: .*$/, '$1');
  return new UnderstudyError(isSetup ? 'UNDERSTUDY_SETUP' : 'UNDERSTUDY_UNREACHABLE', sentence);
}
