import { freePorts } from '@understudy/coordinator-etcd/testing';

/** Addresses on this machine where nobody listens. */
export const freeAddresses = async (count: number): Promise<string[]> =>
  (await freePorts(count)).map((port) => `127.0.0.1:${port}`);
