import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';

/** A self-signed certificate that both sides show and trust. */
export class Tls {
  readonly certificate: Buffer;
  readonly key: Buffer;

  constructor() {
    const dir = mkdtempSync(join(tmpdir(), 'understudy-tls-'));
    const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=scripts', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    try {
      execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
      this.certificate = readFileSync(certificate);
      this.key = readFileSync(key);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  /** Clients must show a certificate, so that what handlers see of it can be compared. */
  get serverCredentials(): grpc.ServerCredentials {
    const pair = { private_key: this.key, cert_chain: this.certificate };
    return grpc.ServerCredentials.createSsl(this.certificate, [pair], true);
  }

  get clientCredentials(): grpc.ChannelCredentials {
    return grpc.credentials.createSsl(this.certificate, this.key, this.certificate);
  }
}
