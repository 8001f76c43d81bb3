import { UnderstudyError } from '@understudy/core';

/** What was wanted of which etcd, why that failed, and what to do; an error of ours stays as it is. */
export function asEtcdError(error: unknown, doing: string, hosts: readonly string[]): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const sentence = `${doing} at etcd ${hosts.join(', ')} failed (${why}): ${adviceFor(why)}`;
  return new UnderstudyError('UNDERSTUDY_COORDINATOR', sentence, { cause: error });
}

function adviceFor(why: string): string {
  if (/auth|permission|PERMISSION_DENIED|user name is empty/i.test(why)) {
    return 'check the user, the password and the rights on the key prefix';
  }
  if (/certificate|SSL|TLS|handshake/i.test(why)) return 'check the certificates';
  return 'check that a majority of its members runs and can be reached';
}

export function damagedRecord(key: string, cause: unknown): UnderstudyError {
  const why = cause instanceof UnderstudyError ? cause.message.replace(/^\w+: /, '') : String(cause);
  const advice = "stop the group's replicas and put back a copy of the record, or delete the key to begin anew";
  return new UnderstudyError('UNDERSTUDY_RECORD_DAMAGED', `etcd key ${JSON.stringify(key)}: ${why}; ${advice}`, {
    cause,
  });
}
