/** The names that a certificate carries, and which of them a replica or an operator must have. */
import type { PeerCertificate } from 'node:tls';
import type { ServerCredentials } from '@grpc/grpc-js';
import type { AuthContext } from '@understudy/grpc-common';

/** One entry of Node's `subjectaltname`. A value with special characters is quoted as in JSON. */
const ALTERNATIVE = /(?:, |^)([^:",]+):("(?:[^"\\]|\\.)*"|[^",]*)/gy;

/** The common names and the DNS names of a certificate. */
export function namesIn({ subject, subjectaltname = '' }: PeerCertificate): readonly string[] {
  // A subject may have several common names, of which Node makes an array.
  const common = [(subject as { CN?: string | string[] } | undefined)?.CN ?? []].flat();
  const alternatives = [...subjectaltname.matchAll(ALTERNATIVE)]
    .filter(([, kind]) => kind === 'DNS')
    .map(([, , value = '']) => (value.startsWith('"') ? (JSON.parse(value) as string) : value));
  return [...common, ...alternatives].filter((name) => name !== '');
}

/** The names in the certificate that the other side showed and that TLS accepted; undefined if it showed none. */
export function namesOf(context: AuthContext | null | undefined): readonly string[] | undefined {
  const certificate = context?.transportSecurityType === 'ssl' ? context.sslPeerCertificate : undefined;
  return certificate === undefined ? undefined : namesIn(certificate as PeerCertificate);
}

interface Insides {
  _isSecure?(): boolean;
  _getConstructorOptions?(): { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean } | null;
}

/**
 * Whether a server with these credentials demands a certificate and checks it. grpc-js has no public way to ask. If its
 * insides change, the answer is no, and the replica does not start.
 */
export function requireCertificates(credentials: ServerCredentials): boolean {
  const insides = credentials as unknown as Insides;
  const options = insides._getConstructorOptions?.();
  return insides._isSecure?.() === true && options?.requestCert === true && options.rejectUnauthorized !== false;
}
