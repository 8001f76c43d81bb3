/** A service in the form in which the test kit makes it: once for each replica. */
import type { Server } from '@grpc/grpc-js';
import type { ChunkedStateSource, StateSource } from '@understudy/core';
import type { ReplicaServer } from '@understudy/server';

/** The part of a grpc-js server that a service needs. */
export type ServiceAdder = Pick<Server, 'addService'>;

/** One instance of a service under test. */
export interface TestedService {
  /** As the option `state` of `createReplica`. */
  readonly state: StateSource | ChunkedStateSource | 'none';
  /**
   * Adds the service to a server, as your program does.
   *
   * @example (server) => server.addService(BankService, handlers(bank))
   */
  readonly addTo: (server: ServiceAdder) => void;
  /** What is compared of the state by `checkDeterminism`. Default: the bytes of a copy; nothing if `state` says `canonical: false`. Give it if equal states may have unequal copies. */
  readonly digest?: () => string | Uint8Array | Promise<string | Uint8Array>;
  /** Ends what the instance started by itself, such as timers. Called when its replica is closed or killed. */
  readonly close?: () => unknown;
}

/**
 * Makes an instance of a service. Instances must share nothing: each replica is a process in production, and has module
 * variables of its own there, but not here.
 *
 * @param replica the replica that the instance belongs to, for `once`, `after`, `on` and `every`
 */
export type MakeService = (replica: ReplicaServer) => TestedService | Promise<TestedService>;
