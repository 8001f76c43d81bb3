import { setupError } from './setup-error.js';

/** Hosts that mean "every address of this machine": a server can listen there, but no peer can dial them. */
const WILDCARDS: readonly string[] = ['0.0.0.0', '[::]', '[0:0:0:0:0:0:0:0]', '*'];

/** @throws UNDERSTUDY_SETUP if no other host could dial the address */
export function checkReachable(address: string): void {
  const host = address.slice(0, address.lastIndexOf(':'));
  if (!WILDCARDS.includes(host)) return;
  throw setupError(
    `the address ${address} is where a server listens, and nobody can dial it; bind the server there, and give the ` +
      'replica the host:port at which others reach it',
  );
}
