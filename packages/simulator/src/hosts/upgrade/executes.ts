import type { GroupRecord } from '@understudy/core';
import type { ServerHost } from '../replica/server-host.js';

/** Whether a replica executes what the present primary orders; others follow by log and checkpoint. */
export function executes(
  record: GroupRecord | undefined,
  { status, brings }: Pick<ServerHost, 'status' | 'brings'>,
): boolean {
  if (status?.role === 'primary') return true;
  const code = record?.code.at(-1);
  return code?.replication === 'semi-active' && code.version === brings.version;
}
