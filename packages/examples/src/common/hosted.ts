/** Descriptions of the examples' services, from which programs make servers and replicas. */
import type { Server } from '@grpc/grpc-js';
import type { ReplicaServerOptions } from '@understudy/server';
import type { Command } from 'commander';
import type { Mode } from './mode.js';

/** A service that a program serves without replication. `Own` are the options that only its command line has. */
export interface Bare<Own extends object = object> {
  /** Name of the service in the help: 'bank'. */
  readonly what: string;
  /** Adds this service's own options to those that every example has. */
  readonly addOptions?: (command: Command) => Command;
  readonly addTo: (server: Server, options: Own) => void;
}

/** A service that a program serves as one replica of its group. */
export interface Hosted<Own extends object = object> extends Bare<Mode & Own> {
  readonly group: string;
  readonly serviceConfig: (mode: Mode) => object;
  /** The state that replication copies to a replica that joins. `audit` describes it, for tests and demos. */
  readonly state: ReplicaServerOptions['state'] & { audit(): unknown };
}
