/** Errors of etcd as sentences that an operator can act on. */
import { UnderstudyError } from '@understudy/core';

/** Says what failed at which etcd, why, and what to do. An UnderstudyError stays as it is. */
export function asEtcdError(error: unknown, doing: string, hosts: readonly string[]): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  // In jest, errors of Node's modules are no instances of the test file's `Error`.
  const { message } = (error ?? {}) as { readonly message?: unknown };
  const why = typeof message === 'string' ? message : String(error);
  const sentence = `${doing} at etcd ${hosts.join(', ')} failed (${why}): ${adviceFor(why)}`;
  return new UnderstudyError('UNDERSTUDY_COORDINATOR', sentence, { cause: error });
}

/** What to do about an error or an alarm, from its text. */
export function adviceFor(why: string): string {
  if (/NOSPACE|database space exceeded/i.test(why)) {
    return 'it has raised the alarm NOSPACE and takes no changes: compact its history, defragment it, then disarm the alarm (etcdctl compact, defrag, alarm disarm)';
  }
  if (/CORRUPT|corrupt cluster/i.test(why)) {
    return 'it has raised the alarm CORRUPT: its members differ; restore the one that is wrong, then disarm the alarm';
  }
  if (/auth|permission|PERMISSION_DENIED|user name is empty/i.test(why)) {
    return 'check the user, the password and the user’s rights on the key prefix';
  }
  if (/certificate|SSL|TLS|handshake/i.test(why)) return 'check the certificates in `credentials`';
  return 'check that a majority of its members runs and can be reached from here';
}

export function damagedRecord(key: string, cause: unknown): UnderstudyError {
  const why = cause instanceof UnderstudyError ? cause.message.replace(/^\w+: /, '') : String(cause);
  const advice =
    "stop the group's replicas, then put back a copy of the record, or delete the key to start a new history";
  return new UnderstudyError('UNDERSTUDY_RECORD_DAMAGED', `etcd key ${JSON.stringify(key)}: ${why}; ${advice}`, {
    cause,
  });
}
