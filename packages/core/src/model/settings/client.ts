/** The settings of a group that its clients follow. */

/** Settings of one method, of all methods of a service, or of all. */
export interface ClientMethodSettings {
  /** `package.Service`; empty for all services. */
  readonly service: string;
  /** The method's name; empty for all methods of the service. */
  readonly method: string;
  readonly readOnly: boolean;
  /** The replicas that run read-only calls; absent if that is the primary. */
  readonly readFrom?: 'backup' | undefined;
  readonly oneWay: boolean;
  readonly waitsForOthers: boolean;
  /** Undefined for the group's. */
  readonly release: 'concurrent' | 'acknowledged' | undefined;
}

/** The part of a group's configuration that its clients need to know. */
export interface ClientSettings {
  readonly release: 'concurrent' | 'acknowledged';
  readonly pendingSourceOrderMax: number;
  readonly nullMessageMs: number;
  readonly batchMs: number;
  readonly methods: readonly ClientMethodSettings[];
  /**
   * Services whose calls are not replicated: `package.Service`, or `package.*` for all below a package. Clients send
   * them as ordinary RPCs.
   */
  readonly unreplicated: readonly string[];
}
