/** Certificates for tests. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelCredentials, credentials, ServerCredentials } from '@grpc/grpc-js';

const KIND = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

interface Pair {
  readonly key: Buffer;
  readonly certificate: Buffer;
}

/** An authority that signs certificates, which a server and its clients trust. */
export class Authority {
  readonly #directory = mkdtempSync(join(tmpdir(), 'understudy-authority-'));
  readonly #own: Pair;

  constructor() {
    this.#own = this.#make('authority', []);
  }

  /** Of a server that shows a certificate, and demands one of its clients. */
  get server(): ServerCredentials {
    const { key, certificate } = this.#signed('server');
    return ServerCredentials.createSsl(this.#own.certificate, [{ private_key: key, cert_chain: certificate }], true);
  }

  /** Of a client with a new certificate of this name. */
  client(name: string): ChannelCredentials {
    const { key, certificate } = this.#signed(name);
    return credentials.createSsl(this.#own.certificate, key, certificate);
  }

  close(): void {
    rmSync(this.#directory, { recursive: true });
  }

  #signed(name: string): Pair {
    return this.#make(name, ['-CA', this.#file('authority', 'cert'), '-CAkey', this.#file('authority', 'key')]);
  }

  #make(name: string, signer: readonly string[]): Pair {
    const [key, certificate] = [this.#file(name, 'key'), this.#file(name, 'cert')];
    const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', ...KIND, ...names, ...signer, '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key), certificate: readFileSync(certificate) };
  }

  #file(name: string, kind: string): string {
    return join(this.#directory, `${name}.${kind}.pem`);
  }
}
