/** How an operator proves to a replica who they are, from the command line. */
import { readFileSync } from 'node:fs';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { secretBytes } from '@understudy/grpc-common';
import { type Command, Option } from 'commander';

export interface IdentityOptions {
  readonly groupSecretFile?: string;
  readonly peerTlsCa?: string;
  readonly peerTlsCert?: string;
  readonly peerTlsKey?: string;
}

/** The environment variable that holds the secret. An option would show it to every user of the machine. */
const SECRET_VARIABLE = 'UNDERSTUDY_GROUP_SECRET';

export const addIdentityOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--group-secret-file <file>', `file with the group's secret (or ${SECRET_VARIABLE})`).env(
        'UNDERSTUDY_GROUP_SECRET_FILE',
      ),
    )
    .option('--peer-tls-ca <file>', "certificate of the replicas' authority, PEM")
    .option('--peer-tls-cert <file>', 'certificate of this operator, PEM')
    .option('--peer-tls-key <file>', 'its key, PEM');

export interface OperatorIdentity {
  readonly secret: Buffer | undefined;
  readonly credentials: ChannelCredentials;
  /** Whether the listener of the replicas is expected to speak TLS. */
  readonly tls: boolean;
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
}

/** @throws UNDERSTUDY_SETUP if a file cannot be read or the secret cannot be used */
export function identityOf({ groupSecretFile, peerTlsCa, peerTlsCert, peerTlsKey }: IdentityOptions): OperatorIdentity {
  const text = groupSecretFile === undefined ? process.env[SECRET_VARIABLE] : read(groupSecretFile).toString();
  // With two secrets in the file, the first is the one in use.
  const secret = text?.trim().split(/\s*\n\s*/)[0];
  const tls = peerTlsCa !== undefined || peerTlsCert !== undefined || peerTlsKey !== undefined;
  const [ca, key, cert] = [optional(peerTlsCa), optional(peerTlsKey), optional(peerTlsCert)];
  return {
    secret: secret === undefined || secret === '' ? undefined : secretBytes(secret),
    credentials: tls ? sslCredentials(ca, key, cert) : credentials.createInsecure(),
    ...{ tls, ca, cert },
  };
}

const optional = (file: string | undefined): Buffer | undefined => (file === undefined ? undefined : read(file));

/** @throws UNDERSTUDY_SETUP if the files hold no certificates */
function sslCredentials(ca?: Buffer, key?: Buffer, cert?: Buffer): ChannelCredentials {
  try {
    return credentials.createSsl(ca ?? null, key ?? null, cert ?? null);
  } catch (cause) {
    const problem = `--peer-tls-ca, --peer-tls-cert or --peer-tls-key cannot be used: give the last two together, all as PEM (${(cause as Error).message})`;
    throw new UnderstudyError('UNDERSTUDY_SETUP', problem, { cause });
  }
}

/** @throws UNDERSTUDY_SETUP */
export function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new UnderstudyError(
      'UNDERSTUDY_SETUP',
      `${file} cannot be read: check the path and its rights (${(cause as Error).message})`,
      { cause },
    );
  }
}
