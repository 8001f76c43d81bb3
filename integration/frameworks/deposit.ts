/** Calls of the bank that the programs of READMEs and pages serve, by a client that knows nothing of groups. */
import { type ChannelCredentials, Client, Metadata, status as Status } from '@grpc/grpc-js';

const encode = (cents: number): Buffer => Buffer.from(String(cents));
const decode = (bytes: Buffer): number => Number(bytes.toString());

/**
 * Deposits five cents.
 *
 * @param token the value of the metadata `authorization`
 * @returns the balance, or the status and its details
 */
export function deposit(port: number, channel: ChannelCredentials, token?: string): Promise<number | string> {
  const client = new Client(`127.0.0.1:${port}`, channel);
  const metadata = new Metadata({ waitForReady: true });
  if (token !== undefined) metadata.set('authorization', token);
  return new Promise((resolve) => {
    client.makeUnaryRequest('/bank.v1.Bank/Deposit', encode, decode, 5, metadata, (error, reply) => {
      client.close();
      resolve(error === null ? (reply ?? 0) : `${Status[error.code]} ${error.details}`);
    });
  });
}

/** The same, made again while the replica is yet to serve: the record names the primary a moment before it does. */
export async function depositOnceServed(...ask: Parameters<typeof deposit>): Promise<number | string> {
  for (;;) {
    const answer = await deposit(...ask);
    if (!String(answer).startsWith('ABORTED UNDERSTUDY_NOT_PRIMARY')) return answer;
  }
}
