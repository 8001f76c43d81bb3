import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelCredentials, credentials, ServerCredentials } from '@grpc/grpc-js';

const KIND = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** A key with its certificate, PEM. */
export interface Certified {
  readonly key: Buffer;
  readonly certificate: Buffer;
}

/** An authority that issues certificates for servers and clients on 127.0.0.1. */
export class Authority {
  readonly own: Certified;

  constructor() {
    this.own = make(['-subj', '/CN=authority', '-addext', 'basicConstraints=critical,CA:TRUE']);
  }

  /** @param names DNS names; the common name is the first */
  issue(...names: readonly string[]): Certified {
    const alternatives = ['IP:127.0.0.1', ...names.map((name) => `DNS:${name}`)].join();
    const subject = ['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternatives}`];
    return make([...subject, '-addext', 'basicConstraints=critical,CA:FALSE'], this.own);
  }

  server({ key, certificate }: Certified, requireCertificate = true): ServerCredentials {
    const pair = { private_key: key, cert_chain: certificate };
    return ServerCredentials.createSsl(this.own.certificate, [pair], requireCertificate);
  }

  client(identity?: Certified): ChannelCredentials {
    return credentials.createSsl(this.own.certificate, identity?.key, identity?.certificate);
  }

  /** Options of a replica that has mutual TLS on a listener of its own. */
  peerOptions(identity: Certified) {
    return {
      peerAddress: '127.0.0.1:0',
      peerServerCredentials: this.server(identity),
      peerCredentials: this.client(identity),
    };
  }
}

function make(args: readonly string[], issuer?: Certified): Certified {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-certificates-'));
  const [keyFile, certificateFile] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  try {
    const by = issuer === undefined ? [] : issuerFiles(directory, issuer);
    execFileSync('openssl', ['req', ...KIND, ...args, ...by, '-keyout', keyFile, '-out', certificateFile], {
      stdio: 'ignore',
    });
    return { key: readFileSync(keyFile), certificate: readFileSync(certificateFile) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function issuerFiles(directory: string, { key, certificate }: Certified): readonly string[] {
  const [keyFile, certificateFile] = [join(directory, 'issuer-key.pem'), join(directory, 'issuer.pem')];
  writeFileSync(keyFile, key);
  writeFileSync(certificateFile, certificate);
  return ['-CA', certificateFile, '-CAkey', keyFile];
}
